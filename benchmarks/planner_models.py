"""Networks of the planner's benchmarks: real ones, and topologies of the `onnx` package with random weights.

The package's "light" models hold one constant in every weight, which quantises without any error. Before
loading, weights get seeded He-scaled normal values, and batch normalisations the identity but for a scale
of 0.7, so that residual sums neither vanish nor explode. Right for planning; such a network answers nothing.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import numpy_helper

from evosplit.shared.graph import Graph, load_graph

REAL: Final = Path(__file__).resolve().parents[2] / "shared" / "models"
LIGHT: Final = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
_BATCH_NORM: Final = {"scale": 0.7, "bias": 0.0, "mean": 0.0, "variance": 1.0}


def real_graph(name: str) -> Graph:
    """A network with trained weights."""
    return load_graph(REAL / f"{name}.onnx")


def light_graph(name: str) -> Graph:
    """A topology of the `onnx` package, such as ``resnet50``, with seeded weights."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.onnx"
        onnx.save(filled(onnx.load(LIGHT / f"light_{name}.onnx")), path)
        return load_graph(path)


def filled(model: onnx.ModelProto, seed: int = 0) -> onnx.ModelProto:
    """A copy of a light model whose constants of two dimensions and more are He-scaled normal values."""
    rng = np.random.default_rng(seed)
    given = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    plain = _plain_values(model)
    shapes = {
        node.output[0]: tuple(given[node.input[0]].tolist())
        for node in model.graph.node
        if node.op_type == "ConstantOfShape" and node.input[0] in given
    }
    shapes |= {name: array.shape for name, array in given.items() if name in plain}
    made = [
        numpy_helper.from_array(_values(shape, plain.get(name, 0.0), rng), name)
        for name, shape in shapes.items()
    ]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:], copy.graph.initializer[:]
    copy.graph.node.extend(node for node in model.graph.node if node.output[0] not in shapes)
    copy.graph.initializer.extend(
        [tensor for tensor in model.graph.initializer if tensor.name not in shapes] + made
    )
    return copy


def _plain_values(model: onnx.ModelProto) -> dict[str, float]:
    """Vector -> the value it is filled with: parameters of normalisations, factors, summands (unsqueezed)."""
    values: dict[str, float] = {}
    factors = {name for node in model.graph.node if node.op_type == "Mul" for name in node.input}
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            values |= dict(zip(node.input[1:], _BATCH_NORM.values(), strict=True))
        if node.op_type == "Unsqueeze":
            values[node.input[0]] = float(node.output[0] in factors)
    return values


def _values(shape: tuple[int, ...], plain: float, rng: np.random.Generator) -> np.ndarray:
    if len(shape) < 2:
        return np.full(shape, plain, np.float32)
    fan_in = math.prod(shape[1:]) if len(shape) > 2 else max(shape)
    return rng.standard_normal(shape, np.float32) * np.float32(math.sqrt(2 / fan_in))
