"""Guess of a card's input fields: by the network's family, and by what its graph does with pixels first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from evosplit.cli.new_card.model_look import ModelLook, Size

_IMAGENET: Final = {
    "scale": "1/255",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}
_STRETCH: Final = {"kind": "stretch"}
_FAMILIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "yolo": {"resize": {"kind": "pad", "fill": 114}, "scale": "1/255"},
    "yolox": {"colour": "BGR", "resize": {"kind": "pad", "fill": 114}, "scale": 1},
    "ultraface": {"resize": _STRETCH, "scale": 1, "mean": 127, "std": 128},
    "ssd": {"resize": _STRETCH, "scale": 1, "mean": 127.5, "std": 127.5},
    "lprnet": {"colour": "BGR", "resize": _STRETCH, "scale": 1, "mean": 127.5, "std": 128},
    "text": {"resize": _STRETCH, "scale": 1, "mean": 127.5, "std": 127.5},
    "cifar": {"resize": _STRETCH, **_IMAGENET},
    "segmentation": {"resize": _STRETCH, **_IMAGENET},
    "image": {"resize": {"kind": "stretch", "filter": "bicubic"}, "scale": "1/255"},
    "unknown": {"resize": _STRETCH, "scale": "1/255"},
}
_CAFFE: Final = {"colour": "BGR", "scale": 1, "mean": [103.94, 116.78, 123.68]}
_RAW: Final = {"scale": 1, "mean": 0, "std": 1}
_SHARES: Final = {"scale": "1/255", "mean": 0, "std": 1}


def guess_input(seen: ModelLook, family: str, size: Size) -> tuple[dict[str, Any], str]:
    """Fields of a card's input, and in one line where its range of values comes from."""
    fields: dict[str, Any] = {"colour": "RGB", "mean": 0, "std": 1, **_family(seen, family, size)}
    why = "as networks of this family are trained"
    if inside := _normalised_inside(seen):
        fields |= inside
        why = "the graph itself begins with the normalisation"
    if seen.channels == 1:
        per_colour = isinstance(fields["mean"], list)
        fields |= {"colour": "Y"} | ({"mean": 0, "std": 1} if per_colour else {})
    return fields, why


def _family(seen: ModelLook, family: str, size: Size) -> Mapping[str, Any]:
    if family in _FAMILIES:
        return _FAMILIES[family]
    crop = {"resize": {"kind": "crop", "shorter_side": round(min(size) * 256 / 224)}}
    if seen.is_ultralytics:
        return {"resize": {"kind": "crop", "shorter_side": min(size)}, "scale": "1/255"}
    if "caffe" in seen.model.producer_name:
        return crop | _CAFFE
    if seen.layout == "NHWC" and family == "imagenet":
        return crop | {"scale": 1, "mean": 127.5, "std": 127.5}
    return (crop if family == "imagenet" else {"resize": _STRETCH}) | _IMAGENET


def _normalised_inside(seen: ModelLook) -> Mapping[str, Any] | None:
    """The range that a leading Sub, Div, Mul or BatchNormalization asks for: 0 to 255, or 0 to 1."""
    node = _first_arithmetic(seen)
    if node is None:
        return None
    numbers = _constants(seen.model, node)
    if not numbers.size:
        return None
    largest = float(np.abs(numbers).max())
    is_raw = largest < 0.1 if node.op_type == "Mul" else largest > 2
    return _RAW if is_raw else _SHARES


def _first_arithmetic(seen: ModelLook) -> onnx.NodeProto | None:
    name = seen.tensor
    for _ in range(4):
        readers: list[onnx.NodeProto] = [node for node in seen.model.graph.node if name in node.input]
        if len(readers) != 1:
            return None
        if readers[0].op_type in ("Sub", "Div", "Mul", "Add", "BatchNormalization"):
            return readers[0]
        if readers[0].op_type not in ("Cast", "Transpose", "Identity"):
            return None
        name = readers[0].output[0]
    return None


def _constants(model: onnx.ModelProto, node: onnx.NodeProto) -> np.ndarray:
    """What a node does arithmetic with; of a batch normalisation, the running mean."""
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    for maker in model.graph.node:
        if maker.op_type == "Constant" and maker.attribute and maker.attribute[0].HasField("t"):
            held[maker.output[0]] = maker.attribute[0].t
    names = node.input[3:4] if node.op_type == "BatchNormalization" else node.input
    tensors = [held[name] for name in names if name in held and not held[name].external_data]
    return numpy_helper.to_array(tensors[0]) if tensors else np.empty(0)
