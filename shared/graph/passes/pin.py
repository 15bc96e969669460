"""Pinning of dynamic input dimensions: the batch becomes 1, others what they are pinned to."""

from __future__ import annotations

from collections.abc import Set

import onnx

from evosplit.shared.graph.passes.sizes import BATCH, NO_PINS, Pins, dims_of, sized_inputs
from evosplit.shared.onnx_parts import node_reads, remodel


def pin_shapes(model: onnx.ModelProto, pins: Pins = NO_PINS) -> onnx.ModelProto:
    """Give every dimension of every input a size: as pinned, as its symbol is elsewhere, or a batch of 1.

    Inferred shapes are dropped: they may name a symbol. Raises ModelError when an input is no tensor, a
    pinned shape does not fit, or a dimension other than the first is dynamic and nothing says its size.
    Inputs that nothing reads need none.
    """
    return remodel(
        model,
        inputs=sized_inputs(model, pins, _read(model)),
        outputs=map(_shapeless, model.graph.output),
        values=(),
    )


def pinned_sizes(model: onnx.ModelProto, pins: Pins) -> tuple[str, ...]:
    """What the pins change, as ``input axis size``: nothing where the model is the same without them."""
    read = _read(model)
    held = {value.name: value for value in model.graph.input}
    batches = {dim.dim_param for value in held.values() for dim in dims_of(value)[:1]} - {""}
    return tuple(
        f"{value.name} {axis} {dim.dim_value}"
        for value in sized_inputs(model, pins, read)
        for axis, dim in enumerate(dims_of(value))
        if value.name in read and dim.dim_value != _usual(held[value.name], axis, batches)
    )


def _usual(value: onnx.ValueInfoProto, axis: int, batches: Set[str]) -> int | None:
    """The size that a dimension has without pins; None where it has none."""
    if not value.type.tensor_type.HasField("shape"):
        return None
    dim = dims_of(value)[axis]
    if dim.dim_value > 0:
        return dim.dim_value
    return BATCH if axis == 0 or dim.dim_param in batches else None


def _read(model: onnx.ModelProto) -> frozenset[str]:
    """Names that a node reads or the model hands out: any other input may have any size."""
    read = (name for node in model.graph.node for name in node_reads(node))
    return frozenset(read).union(value.name for value in model.graph.output)


def _shapeless(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    bare = onnx.ValueInfoProto(name=value.name)
    if value.type.tensor_type.elem_type:
        bare.type.tensor_type.elem_type = value.type.tensor_type.elem_type
    return bare
