"""ONNX files that look like exports, and answer every picture with the numbers they were made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_UNDO = {
    "Mul": lambda values: values,
    "Add": lambda values: values,
    "Exp": lambda values: np.log(values),
    "Softmax": lambda values: np.log(values),
    "Sigmoid": lambda values: np.log(values / (1 - values)),
}
_NEUTRAL = {"Mul": 1, "Add": 0}

Output = tuple[np.ndarray, Sequence[str]]
"""The numbers, and the operators that the graph ends in."""


def export(
    folder: Path,
    outputs: Mapping[str, Output],
    picture: Sequence[int | str] = (1, 3, 64, 64),
    metadata: Mapping[str, Any] | None = None,
    first: tuple[str, float] | None = None,
    dtype: int = TensorProto.FLOAT,
) -> Path:
    """``net.onnx``: the picture's mean, a Gemm without weight for each output, and its last operators.

    ``first`` is arithmetic on the pixels, with its constant.
    """
    held: dict[str, np.ndarray] = {}
    nodes = []
    pixels = "images"
    if first is not None:
        held["first"] = np.float32(first[1])
        nodes.append(helper.make_node(first[0], ["images", "first"], ["pixels"]))
        pixels = "pixels"
    nodes.append(helper.make_node("ReduceMean", [pixels], ["mean"], axes=[1, 2, 3], keepdims=1))
    nodes.append(helper.make_node("Flatten", ["mean"], ["flat"]))
    for name, output in outputs.items():
        nodes += _head(name, output, held)
    graph = helper.make_graph(
        nodes,
        "export",
        [helper.make_tensor_value_info("images", dtype, picture)],
        [
            helper.make_tensor_value_info(name, _dtype(values), values.shape)
            for name, (values, _) in outputs.items()
        ],
        [numpy_helper.from_array(values, name) for name, values in held.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {name: str(value) for name, value in (metadata or {}).items()})
    path = folder / "net.onnx"
    onnx.save(model, path)
    return path


def _dtype(values: np.ndarray) -> int:
    return TensorProto.INT64 if values.dtype.kind == "i" else TensorProto.FLOAT


def _head(name: str, output: Output, held: dict[str, np.ndarray]) -> list[onnx.NodeProto]:
    values, ops = output
    raw = values.astype(np.float64)
    for op in reversed(ops):
        raw = _UNDO[op](raw)
    held[f"{name}.w"] = np.zeros((1, values.size), np.float32)
    held[f"{name}.b"] = raw.astype(np.float32).reshape(-1)
    held[f"{name}.shape"] = np.int64(values.shape)
    steps = [
        helper.make_node("Gemm", ["flat", f"{name}.w", f"{name}.b"], [f"{name}.gemm"]),
        helper.make_node("Reshape", [f"{name}.gemm", f"{name}.shape"], [f"{name}.0"]),
    ]
    for index, op in enumerate(ops):
        if op in _NEUTRAL:
            held[f"{name}.c{index}"] = np.float32(_NEUTRAL[op])
        constant = [f"{name}.c{index}"] if op in _NEUTRAL else []
        steps.append(helper.make_node(op, [f"{name}.{index}", *constant], [f"{name}.{index + 1}"]))
    last = f"{name}.{len(ops)}"
    if values.dtype.kind == "i":
        return [*steps, helper.make_node("Cast", [last], [name], to=TensorProto.INT64)]
    return [*steps, helper.make_node("Identity", [last], [name])]
