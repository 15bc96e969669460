"""A dynamic batch becomes 1."""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from shared.errors import ModelError
from shared.remodel import remodel


def pin_batch(model: onnx.ModelProto) -> onnx.ModelProto:
    """Set the first dimension of every input to 1 unless it is fixed, and whatever shares its symbol.

    Inferred shapes are dropped: they may name the symbol. Raises ModelError when an input has no shape, is
    no tensor, or has another dynamic dimension, whose size nobody could guess.
    """
    symbols = {dim.dim_param for value in model.graph.input for dim in _dims(value)[:1]} - {""}
    inputs = [_pinned(value, symbols) for value in model.graph.input]
    return remodel(model, inputs=inputs, outputs=map(_shapeless, model.graph.output), values=())


def _pinned(value: onnx.ValueInfoProto, symbols: set[str]) -> onnx.ValueInfoProto:
    if not value.type.HasField("tensor_type"):
        raise ModelError(f"input {value.name!r} is not a tensor")
    if not value.type.tensor_type.HasField("shape"):
        raise ModelError(f"input {value.name!r} has no shape")
    pinned = onnx.ValueInfoProto()
    pinned.CopyFrom(value)
    for axis, dim in _dynamic(pinned):
        if axis > 0 and dim.dim_param not in symbols:
            raise ModelError(
                f"input {value.name!r} has a dynamic dimension {axis} ({dim.dim_param or '?'});"
                " only the first, the batch, may be dynamic"
            )
        dim.dim_value = 1
    return pinned


def _dynamic(value: onnx.ValueInfoProto) -> Iterator[tuple[int, onnx.TensorShapeProto.Dimension]]:
    yield from ((axis, dim) for axis, dim in enumerate(_dims(value)) if dim.dim_value <= 0)


def _dims(value: onnx.ValueInfoProto) -> list[onnx.TensorShapeProto.Dimension]:
    return list(value.type.tensor_type.shape.dim)


def _shapeless(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    bare = onnx.ValueInfoProto(name=value.name)
    bare.type.tensor_type.elem_type = value.type.tensor_type.elem_type
    return bare
