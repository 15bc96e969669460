"""Sizes for every dimension of a model's inputs: pinned, a symbol's elsewhere, or a batch of 1."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Final

import onnx

from evosplit.shared.errors import ModelError
from evosplit.shared.shape_text import Shape, shape_text

BATCH: Final = 1
_PICTURE_RANK: Final = 4

_Dims = list[onnx.TensorShapeProto.Dimension]


@dataclass(frozen=True)
class Pins:
    """What is known of a model's dynamic dimensions from outside.

    ``shapes`` are whole shapes by the input's name, and have to fit. ``picture`` is the shape of the picture
    that a model card speaks of, `(1, 3, H, W)` or `(1, H, W, 3)`; ``picture_input`` is its name, None for the
    only input that it fits. It sets dynamic dimensions alone: whether a card fits is for `check_card` to say.
    """

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    picture: Shape | None = None
    picture_input: str | None = None


NO_PINS: Final = Pins()


def sized_inputs(model: onnx.ModelProto, pins: Pins, read: Set[str]) -> list[onnx.ValueInfoProto]:
    """Copies of the inputs that are no weights, every dimension of each a number; raises as `pin_shapes`.

    ``read`` are the names that are needed: an input that is not among them may have any size.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [_copied(value) for value in model.graph.input if value.name not in weights]
    for name in pins.shapes:
        if name not in {value.name for value in inputs}:
            there = ", ".join(value.name for value in inputs)
            raise ModelError(f"there is no input {name!r} to pin; the inputs are {there}")
    sizes = _pinned(inputs, pins)
    for value in inputs:
        _fill(value, sizes, value.name in read)
    return inputs


def dims_of(value: onnx.ValueInfoProto) -> _Dims:
    """The dimensions of a tensor; none also where it has no shape."""
    return list(value.type.tensor_type.shape.dim)


def _copied(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    if not value.type.HasField("tensor_type"):
        raise ModelError(f"input {value.name!r} is not a tensor")
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    return copy


def _pinned(inputs: list[onnx.ValueInfoProto], pins: Pins) -> dict[str, int]:
    """Write pinned sizes into the inputs; the sizes of symbols, those of batches among them."""
    sizes: dict[str, int] = {}
    for value in inputs:
        if (given := pins.shapes.get(value.name)) is not None:
            _set(value, given, sizes)
    for value in inputs:
        if value.name not in pins.shapes and (meant := _picture_shape(value, pins)):
            _set(value, meant, sizes)
    for dim in (dim for value in inputs for dim in dims_of(value)[:1]):
        if dim.dim_param:
            sizes.setdefault(dim.dim_param, BATCH)
    return sizes


def _set(value: onnx.ValueInfoProto, shape: Shape, sizes: dict[str, int]) -> None:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        kind.shape.dim.extend(onnx.TensorShapeProto.Dimension() for _ in shape)
    dims = dims_of(value)
    fits = len(shape) == len(dims) and all(
        dim.dim_value in (0, size) or dim.dim_value < 0 for dim, size in zip(dims, shape, strict=False)
    )
    if not fits:
        raise ModelError(f"input {value.name!r} is {_text(dims)}, which {shape_text(shape)} does not fit")
    for dim, size in zip(dims, shape, strict=True):
        if dim.dim_param and sizes.setdefault(dim.dim_param, size) != size:
            known = sizes[dim.dim_param]
            raise ModelError(f"{dim.dim_param} is pinned to {known}, and to {size} in input {value.name!r}")
        dim.dim_value = size


def _picture_shape(value: onnx.ValueInfoProto, pins: Pins) -> Shape | None:
    """The card's shape with the input's own static sizes; None where the card does not mean this input."""
    dims = dims_of(value)
    if pins.picture is None or len(dims) != len(pins.picture):
        return None
    if pins.picture_input not in (None, value.name):
        return None
    return tuple(
        dim.dim_value if dim.dim_value > 0 else size for dim, size in zip(dims, pins.picture, strict=True)
    )


def _fill(value: onnx.ValueInfoProto, sizes: Mapping[str, int], is_read: bool) -> None:
    if not value.type.tensor_type.HasField("shape"):
        raise ModelError(f"input {value.name!r} has no shape; say it: --shape {value.name}=1x3x640x640")
    example = _example(value)
    for axis, dim in enumerate(dims_of(value)):
        if dim.dim_value > 0:
            continue
        size = sizes.get(dim.dim_param) if dim.dim_param else None
        if size is None and axis > 0 and is_read:
            raise ModelError(
                f"input {value.name!r} has a dynamic dimension {axis} ({dim.dim_param or '?'}); say its size:"
                f" --shape {value.name}={example}, or {value.name}: {example} in MODEL.shape.yaml beside it"
            )
        dim.dim_value = BATCH if size is None else size


def _example(value: onnx.ValueInfoProto) -> str:
    dims = dims_of(value)
    usual = 640 if len(dims) == _PICTURE_RANK else 128
    usuals = (BATCH, *(usual for _ in dims[1:]))
    sizes = (max(dim.dim_value, 0) or size for dim, size in zip(dims, usuals, strict=False))
    return shape_text(tuple(sizes))


def _text(dims: _Dims) -> str:
    return (
        "x".join(str(dim.dim_value) if dim.dim_value > 0 else dim.dim_param or "?" for dim in dims)
        or "scalar"
    )
