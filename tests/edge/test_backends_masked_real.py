"""The masked backend on real networks: dense against ONNX Runtime, changes against dense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.masked import MaskedSegment, supports
from evosplit.edge.backends.segment import FrameContext
from evosplit.shared.graph import load_graph, prefix_cut
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model

GATE = Path(__file__).resolve().parents[2] / "cli" / "assets" / "gate.onnx"


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("squeezenet1.1", 12),
        ("squeezenet1.1", 38),
        ("mobilenetv2", 63),
        ("resnet56_cifar10", 87),
        ("yolox_nano", 36),
        ("yolox_nano", 109),
        ("ultraface_rfb320", 30),
        ("gate", 30),
    ],
)
def test_heads_of_real_networks(request, name, cut):
    path = GATE if name == "gate" else request.getfixturevalue("shared_models") / f"{name}.onnx"
    graph = load_graph(path)
    model = head_model(graph, prefix_cut(graph, cut))
    assert supports(model) is None
    source = graph.inputs[0]
    x = np.random.default_rng(0).normal(size=graph.tensors[source].shape).astype(np.float32)
    x *= 100 if name == "yolox_nano" else 1  # it reads pixels of 0 to 255
    masked = MaskedSegment(model, change=ChangeSettings(threshold=0.0, jump=1.0, dense_takes_over=False))
    dense = MaskedSegment(model)
    for _ in range(3):
        made = masked.run({source: x}, FrameContext())
        for at, values in Runner(model).run({source: x}).items():
            np.testing.assert_allclose(made[at], values, rtol=0, atol=2e-5 * max(1, np.abs(values).max()))
        for at, values in dense.run({source: x}, FrameContext()).items():
            assert np.array_equal(made[at], values)
        x[:, :, 3:9, 4:20] += 0.5


def test_whole_detectors_are_named_as_unsupported(shared_models):
    graph = load_graph(shared_models / "yolox_nano.onnx")
    why = supports(graph.model)
    assert why is not None
    assert "Reshape" in why
