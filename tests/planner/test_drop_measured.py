"""A measured drop where quantisation leaves a network without an answer: 0 / 0 in the tail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from evosplit.planner.drop.margins import reader_for
from evosplit.planner.drop.measured import MeasuredDrop
from evosplit.shared.card import card_from_data
from evosplit.shared.graph import load_graph, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from tests.models import save

INPUT = {"colour": "RGB", "scale": "1/255", "resize": {"kind": "stretch"}}
TEXT = {"kind": "text-ctc", "alphabet": "ab", "axes": "time-classes"}
CLASSES = {"kind": "classes", "scores": "logits"}
STEPS = 2


def normalised_net() -> onnx.ModelProto:
    """``y`` (1, 2, 3): Relu of ``x``, over the mean of its squares, as LPRNet has it."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="relu"),
        helper.make_node("Mul", ["r", "r"], ["square"], name="square"),
        helper.make_node("ReduceMean", ["square"], ["mean"], name="mean", keepdims=1),
        helper.make_node("Div", ["r", "mean"], ["y"], name="div"),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, STEPS, 3]) for name in ("x", "y"))
    graph = helper.make_graph(nodes, "net", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def plan_of(folder: Path) -> tuple[Plan, list[dict[str, np.ndarray]]]:
    """A plan with a step of 1, and inputs of which the last is less than half a step."""
    graph = load_graph(save(normalised_net(), folder))
    cut = prefix_cut(graph, 1)
    (name,) = cut.boundary
    plan = Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={},
        activation_bits={},
        wire={name: TensorCode(3, 0.0, 7.0)},
        latency=Latency(0.0, 0.0, 0.0),
        link=Link(1e6, 0.01),
        wire_bytes=0,
        edge_memory_bytes=0,
        error=0.0,
    )
    random = np.random.default_rng(0)
    bright = [random.permutation(np.arange(6, dtype=np.float32)).reshape(STEPS, 3) for _ in range(9)]
    dark = np.array([[0.4, 0, 0], [0, 0, 0.1]], np.float32)  # classes: the first, as of scores that are NaN
    return plan, [{"x": each[None]} for each in (*bright, dark)]


@pytest.mark.parametrize("output", [TEXT, CLASSES], ids=["text", "classes"])
def test_an_answer_of_nan_is_lost(tmp_path: Path, output: dict[str, str]) -> None:
    plan, inputs = plan_of(tmp_path)
    graph = load_graph(tmp_path / "net.onnx")
    reader = reader_for(graph, card_from_data({"version": 1, "name": "n", "input": INPUT, "output": output}))
    assert reader is not None
    drop = MeasuredDrop(graph, reader, inputs)(plan, 1.0)
    assert drop.measured == pytest.approx(0.1)
    assert drop.measured < drop.promised <= 1
    assert drop.expected >= drop.measured
