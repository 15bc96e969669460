"""Models of kinds that people export, and that few networks are: classic classifiers, mostly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STRINGS: Final[Mapping[str, Any]] = {"classlabels_strings": ["ant", "bee", "c\u00e4t"]}


def classifier(zipped: bool, keys: Mapping[str, Any] = STRINGS) -> onnx.ModelProto:
    """A classifier as exporters of classic models write it."""
    made = helper.make_node(
        "LinearClassifier",
        ["s"],
        ["label", "p"],
        name="classify",
        domain="ai.onnx.ml",
        coefficients=[0.3, -0.2, 0.9, 0.1, -0.5, 0.4, 0.7, 0.6, -0.8, 0.2, 0.1, 0.5],
        intercepts=[0.1, 0.0, -0.1],
        post_transform="SOFTMAX",
        **keys,
    )
    nodes = [helper.make_node("Relu", ["x"], ["r"], name="relu"), helper.make_node("Neg", ["r"], ["s"]), made]
    kind = TensorProto.STRING if "classlabels_strings" in keys else TensorProto.INT64
    outputs = {"label": (kind, [1]), "p": (TensorProto.FLOAT, [1, 3])}
    model = net(nodes, {"x": (TensorProto.FLOAT, [1, 4])}, outputs)
    if zipped:
        zip_keys = {name.replace("ints", "int64s"): value for name, value in keys.items()}
        node = helper.make_node("ZipMap", ["p"], ["m"], domain="ai.onnx.ml", **zip_keys)
        model.graph.node.append(node)
        scores = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
        key = TensorProto.STRING if kind == TensorProto.STRING else TensorProto.INT64
        maps = helper.make_sequence_type_proto(helper.make_map_type_proto(key, scores))
        model.graph.output[1].CopyFrom(helper.make_value_info("m", maps))
    return model


def net(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, Sequence[int | str]]],
    outputs: Mapping[str, tuple[int, Sequence[int | str]]],
    weights: Mapping[str, np.ndarray] = {},
) -> onnx.ModelProto:
    """A model of opset 17 and of classic operators; inputs and outputs by name, as type and shape."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, *kind) for name, kind in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=domains, ir_version=8)


def passing() -> onnx.ModelProto:
    """Hands its input and a weight out beside what it makes: outputs ``y``, ``x`` and ``w``."""
    kind = (TensorProto.FLOAT, [1, 4])
    nodes = [helper.make_node("Exp", ["x"], ["t"], name="exp"), helper.make_node("Mul", ["t", "w"], ["y"])]
    return net(
        nodes, {"x": kind}, dict.fromkeys(("y", "x", "w"), kind), {"w": np.full((1, 4), 2, np.float32)}
    )


def unread() -> onnx.ModelProto:
    """An input ``x``, and one that nothing reads, ``z`` (1, 5)."""
    kind = (TensorProto.FLOAT, [1, 4])
    nodes = [helper.make_node("Exp", ["x"], ["t"], name="exp"), helper.make_node("Neg", ["t"], ["y"])]
    return net(nodes, {"z": (TensorProto.FLOAT, [1, 5]), "x": kind}, {"y": kind})


def dynamic() -> onnx.ModelProto:
    """Two convolutions of a picture ``x`` (n, 3, h, w), of which the file says no more: output ``y``."""
    rng = np.random.default_rng(0)
    weights = {"w": rng.standard_normal((4, 3, 3, 3)), "v": rng.standard_normal((2, 4, 1, 1))}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["r"], name="relu"),
        helper.make_node("Conv", ["r", "v"], ["y"], name="second"),
    ]
    inputs = {"x": (TensorProto.FLOAT, ["n", 3, "h", "w"])}
    outputs = {"y": (TensorProto.FLOAT, ["n", 2, "h", "w"])}
    return net(nodes, inputs, outputs, {name: array.astype(np.float32) for name, array in weights.items()})
