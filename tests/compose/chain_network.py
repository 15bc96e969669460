"""A chain of convolutions heavy enough (0.9 GMAC) that an edge eight times slower asks the cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAME: Final = "stack"
SIZE: Final = 96
WIDTH: Final = 48
DEPTH: Final = 6
CARD: Final = {
    "version": 1,
    "name": NAME,
    "input": {"colour": "RGB", "resize": {"kind": "stretch"}, "scale": "1/255"},
    "output": {"kind": "classes"},
}


def model_folder(folder: Path) -> Path:
    """The folder of the network and its card, readable by the user of a container."""
    models = folder / "models"
    models.mkdir(mode=0o755)
    (models / f"{NAME}.onnx").write_bytes(_chain(np.random.default_rng(2)).SerializeToString())
    (models / f"{NAME}.yaml").write_text(json.dumps(CARD))
    for path in models.iterdir():
        path.chmod(0o644)
    return models


def _chain(rng: np.random.Generator) -> onnx.ModelProto:
    weights: dict[str, np.ndarray] = {}
    nodes, tensor, channels = [], "image", 3
    for layer in range(DEPTH):
        weights[f"w{layer}"] = _he(rng, (WIDTH, channels, 3, 3))
        stride = 2 if layer == 0 else 1
        nodes.append(
            helper.make_node("Conv", [tensor, f"w{layer}"], [f"c{layer}"], pads=[1] * 4, strides=[stride] * 2)
        )
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]))
        tensor, channels = f"r{layer}", WIDTH
    weights["dense"] = _he(rng, (WIDTH, 10))
    nodes += [
        helper.make_node("GlobalAveragePool", [tensor], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        NAME,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _he(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    fan_in = int(np.prod(shape[1:])) if len(shape) > 2 else shape[0]
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
