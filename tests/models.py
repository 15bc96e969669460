"""Small ONNX models, one per thing that a loader can meet. Seeded: the same bytes every time.

Each factory returns a model whose input ``x`` is (1, 3, 16, 16) float32 unless it says otherwise.
`save` writes one to a folder; `feeds` makes seeded inputs for any model with static shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 16
_IR_VERSION = 8
_NUMPY = {TensorProto.FLOAT: np.float32, TensorProto.FLOAT16: np.float16, TensorProto.INT64: np.int64}


def chain_net(opset: int = 17, batch: int | str = 1) -> onnx.ModelProto:
    """Conv, BatchNormalization, Relu; Conv, Clip; MaxPool; Conv, LeakyRelu; pool, Gemm: ``y`` (1, 5)."""
    weights = {
        **_conv("c1", 8, 3, 3),
        **_norm("n1", 8),
        **_conv("c2", 8, 8, 3),
        **_conv("c3", 12, 8, 1),
        **_dense("fc", 12, 5),
    }
    nodes = [
        _node("Conv", ["x", "c1.w", "c1.b"], "c1", pads=[1, 1, 1, 1]),
        _node("BatchNormalization", ["c1", "n1.scale", "n1.shift", "n1.mean", "n1.var"], "n1"),
        _node("Relu", ["n1"], "r1"),
        _node("Conv", ["r1", "c2.w", "c2.b"], "c2", pads=[1, 1, 1, 1], strides=[2, 2]),
        _clip("c2", "r2", opset, weights),
        _node("MaxPool", ["r2"], "p2", kernel_shape=[2, 2], strides=[2, 2]),
        _node("Conv", ["p2", "c3.w", "c3.b"], "c3"),
        _node("LeakyRelu", ["c3"], "r3", alpha=0.1),
        _node("GlobalAveragePool", ["r3"], "p3"),
        _node("Flatten", ["p3"], "flat"),
        _node("Gemm", ["flat", "fc.w", "fc.b"], "y"),
    ]
    return _model(nodes, {"x": [batch, 3, SIZE, SIZE]}, {"y": [batch, 5]}, weights, opset)


def residual_net(opset: int = 17, blocks: int = 2) -> onnx.ModelProto:
    """Residual blocks of two convolutions, one grouped, one depthwise, and a swish: output ``y`` (1, 5)."""
    weights = {**_conv("stem", 8, 3, 3), **_dense("fc", 8, 5)}
    nodes = [
        _node("Conv", ["x", "stem.w", "stem.b"], "stem", pads=[1, 1, 1, 1]),
        _node("Relu", ["stem"], "t0"),
    ]
    for index in range(blocks):
        a, b, t, made = f"a{index}", f"b{index}", f"t{index}", f"t{index + 1}"
        weights |= {**_conv(a, 8, 4, 3), **_conv(b, 8, 1, 3)}
        nodes += [
            _node("Conv", [t, f"{a}.w", f"{a}.b"], a, pads=[1, 1, 1, 1], group=2),
            _node("Sigmoid", [a], f"{a}.gate"),
            _node("Mul", [a, f"{a}.gate"], f"{a}.swish"),
            _node("Conv", [f"{a}.swish", f"{b}.w", f"{b}.b"], b, pads=[1, 1, 1, 1], group=8),
            _node("Add", [t, b], f"{b}.sum"),
            _node("Relu", [f"{b}.sum"], made),
        ]
    nodes += [
        _node("GlobalAveragePool", [f"t{blocks}"], "pool"),
        _node("Flatten", ["pool"], "flat"),
        _node("Gemm", ["flat", "fc.w", "fc.b"], "y"),
    ]
    return _model(nodes, {"x": [1, 3, SIZE, SIZE]}, {"y": [1, 5]}, weights, opset)


def branch_net(opset: int = 17) -> onnx.ModelProto:
    """Two inputs, ``x`` and ``z`` (1, 4); three outputs, ``early``, ``scores`` (1, 5) and ``up``."""
    weights = {
        **_conv("c1", 6, 3, 3),
        **_conv("c2", 6, 6, 3),
        **_dense("fc", 10, 5),
        "ct.w": _random("ct.w", (6, 4, 2, 2), 6),
    }
    nodes = [
        _node("Conv", ["x", "c1.w", "c1.b"], "c1", pads=[1, 1, 1, 1]),
        _node("Relu", ["c1"], "early"),
        _node("Conv", ["early", "c2.w", "c2.b"], "c2", pads=[1, 1, 1, 1], strides=[2, 2]),
        _node("ConvTranspose", ["c2", "ct.w"], "up", strides=[2, 2]),
        _node("GlobalAveragePool", ["c2"], "pool"),
        _node("Flatten", ["pool"], "flat"),
        _node("Concat", ["flat", "z"], "both", axis=1),
        _node("Gemm", ["both", "fc.w", "fc.b"], "logits"),
        _node("Softmax", ["logits"], "scores", axis=1),
    ]
    inputs = {"x": [1, 3, SIZE, SIZE], "z": [1, 4]}
    outputs = {"early": [1, 6, SIZE, SIZE], "scores": [1, 5], "up": [1, 4, SIZE, SIZE]}
    return _model(nodes, inputs, outputs, weights, opset)


def half_net(opset: int = 17) -> onnx.ModelProto:
    """The chain net in float16: weights, input, output and all between."""
    model = chain_net(opset)
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    return model


def constant_net(opset: int = 17) -> onnx.ModelProto:
    """The chain net with its weights in Constant nodes."""
    model = chain_net(opset)
    nodes = [
        helper.make_node("Constant", [], [tensor.name], value=tensor) for tensor in model.graph.initializer
    ]
    nodes += model.graph.node
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def listed_net(opset: int = 8) -> onnx.ModelProto:
    """The residual net with its initialisers listed as graph inputs, as IR version 3 demands."""
    model = residual_net(opset)
    model.ir_version = 3
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return model


def picture_net(opset: int = 17) -> onnx.ModelProto:
    """Two convolutions, a picture in and one out: ``y`` (1, 3, 16, 16)."""
    weights = {**_conv("c1", 8, 3, 3), **_conv("c2", 3, 8, 3)}
    nodes = [
        _node("Conv", ["x", "c1.w", "c1.b"], "c1", pads=[1, 1, 1, 1]),
        _node("Relu", ["c1"], "r1"),
        _node("Conv", ["r1", "c2.w", "c2.b"], "y", pads=[1, 1, 1, 1]),
    ]
    return _model(nodes, {"x": [1, 3, SIZE, SIZE]}, {"y": [1, 3, SIZE, SIZE]}, weights, opset)


def dynamic_net(opset: int = 17) -> onnx.ModelProto:
    """The chain net with a symbolic batch, and a reshape that asks for the batch at run time."""
    model = chain_net(opset, batch="N")
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(0, np.int64), "zero"),
            numpy_helper.from_array(np.array([0], np.int64), "axis"),
            numpy_helper.from_array(np.array([5], np.int64), "five"),
        ]
    )
    graph.node[-1].output[0] = "dense"
    graph.node.extend(
        [
            _node("Shape", ["x"], "shape"),
            _node("Gather", ["shape", "zero"], "count"),
            _node("Unsqueeze", ["count", "axis"], "count1"),
            _node("Concat", ["count1", "five"], "target", axis=0),
            _node("Reshape", ["dense", "target"], "y"),
        ]
    )
    return model


def choice_net(opset: int = 17) -> onnx.ModelProto:
    """An If whose branches read a tensor and a weight of the outer graph: output ``y`` (1, 4, 16, 16)."""
    weights = {**_conv("c1", 4, 3, 3), **_conv("c2", 4, 4, 1), "zero": np.zeros((), np.float32)}
    value = helper.make_tensor_value_info("branch", TensorProto.FLOAT, None)
    yes = helper.make_graph([_node("Conv", ["r1", "c2.w", "c2.b"], "branch")], "yes", [], [value])
    no = helper.make_graph([_node("Tanh", ["r1"], "branch")], "no", [], [value])
    nodes = [
        _node("Conv", ["x", "c1.w", "c1.b"], "c1", pads=[1, 1, 1, 1]),
        _node("Relu", ["c1"], "r1"),
        _node("ReduceMean", ["x"], "mean", keepdims=0),
        _node("Greater", ["mean", "zero"], "positive"),
        helper.make_node("If", ["positive"], ["picked"], name="if", then_branch=yes, else_branch=no),
        _node("Relu", ["picked"], "y"),
    ]
    return _model(nodes, {"x": [1, 3, SIZE, SIZE]}, {"y": [1, 4, SIZE, SIZE]}, weights, opset)


def detector_net(opset: int = 17) -> onnx.ModelProto:
    """Conv, Relu; Conv, Relu; Conv, Sigmoid, Reshape, Transpose: YOLOv5's rows ``y`` (1, 64, 7)."""
    weights = {**_conv("c1", 8, 3, 3), **_conv("c2", 8, 8, 3), **_conv("c3", 7, 8, 1)}
    weights |= {"rows": np.array([1, 7, 64], np.int64)}
    nodes = [
        _node("Conv", ["x", "c1.w", "c1.b"], "c1", pads=[1, 1, 1, 1]),
        _node("Relu", ["c1"], "r1"),
        _node("Conv", ["r1", "c2.w", "c2.b"], "c2", pads=[1, 1, 1, 1], strides=[2, 2]),
        _node("Relu", ["c2"], "r2"),
        _node("Conv", ["r2", "c3.w", "c3.b"], "c3"),
        _node("Sigmoid", ["c3"], "shares"),
        _node("Reshape", ["shares", "rows"], "columns"),
        _node("Transpose", ["columns"], "y", perm=[0, 2, 1]),
    ]
    return _model(nodes, {"x": [1, 3, SIZE, SIZE]}, {"y": [1, 64, 7]}, weights, opset)


def save(model: onnx.ModelProto, folder: Path, name: str = "net") -> Path:
    """Write ``NAME.onnx``."""
    path = folder / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def save_external(model: onnx.ModelProto, folder: Path, name: str = "net") -> Path:
    """Write ``NAME.onnx`` with every weight in ``NAME.data`` beside it. The model itself is left alone."""
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    path = folder / f"{name}.onnx"
    onnx.save_model(copied, path, save_as_external_data=True, location=f"{name}.data", size_threshold=0)
    return path


def feeds(model: onnx.ModelProto, seed: int = 0) -> dict[str, np.ndarray]:
    """Seeded standard normal inputs; dimensions that are not static become 1."""
    rng = np.random.default_rng(seed)
    weights = {tensor.name for tensor in model.graph.initializer}
    made = {}
    for value in model.graph.input:
        if value.name not in weights:
            kind = value.type.tensor_type
            shape = [dim.dim_value or 1 for dim in kind.shape.dim]
            made[value.name] = rng.standard_normal(shape).astype(_NUMPY[kind.elem_type])
    return made


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    weights: Mapping[str, np.ndarray],
    opset: int,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=_IR_VERSION, producer_name="tests"
    )


def _node(op: str, inputs: Sequence[str], output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), [output], name=f"{op.lower()}_{output}", **attributes)


def _clip(source: str, output: str, opset: int, weights: dict[str, np.ndarray]) -> onnx.NodeProto:
    if opset < 11:
        return _node("Clip", [source], output, min=0.0, max=6.0)
    weights |= {"clip.low": np.array(0, np.float32), "clip.high": np.array(6, np.float32)}
    return _node("Clip", [source, "clip.low", "clip.high"], output)


def _conv(name: str, out: int, into: int, kernel: int) -> dict[str, np.ndarray]:
    weight = _random(f"{name}.w", (out, into, kernel, kernel), into * kernel * kernel)
    return {f"{name}.w": weight, f"{name}.b": _random(f"{name}.b", (out,), 50)}


def _dense(name: str, into: int, out: int) -> dict[str, np.ndarray]:
    return {
        f"{name}.w": _random(f"{name}.w", (into, out), into),
        f"{name}.b": _random(f"{name}.b", (out,), 50),
    }


def _norm(name: str, channels: int) -> dict[str, np.ndarray]:
    shift, mean = _random(f"{name}.shift", (channels,), 50), _random(f"{name}.mean", (channels,), 50)
    scale, var = (1 + abs(_random(f"{name}.{part}", (channels,), 8)) for part in ("scale", "var"))
    return {f"{name}.scale": scale, f"{name}.shift": shift, f"{name}.mean": mean, f"{name}.var": var}


def _random(name: str, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
    rng = np.random.default_rng(list(name.encode()))
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
