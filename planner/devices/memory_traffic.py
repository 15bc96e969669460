"""Memory traffic of layers: bytes between memory and chip, re-read when they exceed the on-chip buffer.

Every layer reads its inputs and weights from memory and writes its outputs there. A matrix product holds a
block of one operand in half of the buffer (the other half double-buffers what streams past it) and streams
the other operand past each block:

    hold left:   left once,  right ceil(left_bytes / held) times
    hold right:  right once, left ceil(right_bytes / held) times

The cheaper order is taken. Partial sums stay on the chip; im2col copies are made there, from one load.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx

from evosplit.planner.devices.gemm import Gemm
from evosplit.planner.devices.layer_timing import Moved
from evosplit.shared.graph import Graph, Layer
from evosplit.shared.weight_sizes import initialisers, quantised_weights

_VIEWS: Final = ("Constant", "Dropout", "Flatten", "Identity", "Reshape", "Shape", "Squeeze", "Unsqueeze")
"""Operators that move no data: another shape for the same bytes."""


@dataclass(frozen=True)
class OnChip:
    """An on-chip buffer; ``bits`` is the operand width at which reloads are counted.

    They are counted at one width so that time stays linear in the bits; with fewer bits more fits, and the
    true traffic is at most what is counted. ``keeps_activations``: tensors of a layer that fit together
    stay on the chip between layers and cost no traffic.
    """

    buffer_bytes: float
    bits: int
    keeps_activations: bool = False


@dataclass(frozen=True)
class LayerTraffic:
    """Elements moved, reloads counted; see `LayerTiming`."""

    weight_elements: float
    input_elements: Moved
    output_elements: Moved
    fixed_bytes: float


def layer_traffic(
    graph: Graph, gemms: tuple[tuple[Gemm, ...], ...], chip: OnChip
) -> tuple[LayerTraffic, ...]:
    """What every layer of a graph moves on a chip; ``gemms`` are its products, per layer."""
    packed = quantised_weights(graph)
    return tuple(
        _traffic(graph, layer, products, packed.get(layer.name, ()), chip)
        for layer, products in zip(graph.layers, gemms, strict=True)
    )


def loads(left_bytes: float, right_bytes: float, held_bytes: float) -> tuple[int, int]:
    """How often each operand of one product is loaded, in the order that moves fewer bytes."""
    hold_left = (1, max(math.ceil(left_bytes / held_bytes), 1))
    hold_right = (max(math.ceil(right_bytes / held_bytes), 1), 1)
    return min(hold_left, hold_right, key=lambda times: times[0] * left_bytes + times[1] * right_bytes)


def _traffic(
    graph: Graph, layer: Layer, gemms: tuple[Gemm, ...], packed: tuple[str, ...], chip: OnChip
) -> LayerTraffic:
    if all(op in _VIEWS for op in (layer.op, *layer.fused)):
        return LayerTraffic(0.0, (), (), 0.0)
    stays = _stays(graph, layer, chip)
    times = {} if stays else _times(graph, gemms, chip)
    stored = initialisers(graph)
    weights = dict.fromkeys((*layer.weights, *(gemm.right for gemm in gemms)))
    sizes = {name: math.prod(stored[name].dims) * times.get(name, 1) for name in weights if name in stored}
    whole = [graph.tensors[name] for name in (*layer.inputs, *layer.outputs)]
    moved = {} if stays else {tensor.name: tensor for tensor in whole if tensor.is_float}
    fixed = sum(size * _width(stored[name].data_type) for name, size in sizes.items() if name not in packed)
    return LayerTraffic(
        weight_elements=sum(sizes[name] for name in packed),
        input_elements=tuple(
            (name, moved[name].elements * times.get(name, 1)) for name in layer.inputs if name in moved
        ),
        output_elements=tuple((name, moved[name].elements) for name in layer.outputs if name in moved),
        fixed_bytes=fixed + sum(tensor.size_bytes for tensor in whole if not tensor.is_float),
    )


def _stays(graph: Graph, layer: Layer, chip: OnChip) -> bool:
    """Whether the layer's tensors stay on the chip: they fit there together."""
    elements = sum(graph.tensors[name].elements for name in {*layer.inputs, *layer.outputs})
    return chip.keeps_activations and elements * chip.bits / 8 <= chip.buffer_bytes


def _times(graph: Graph, gemms: tuple[Gemm, ...], chip: OnChip) -> dict[str, int]:
    """Operand -> how often it is loaded. The products of a grouped layer are held one after another."""
    stored = initialisers(graph)
    times: dict[str, int] = {}
    for gemm in gemms:
        left_bytes, right_bytes = (
            (math.prod(stored[name].dims) if name in stored else graph.tensors[name].elements)
            * (chip.bits / 8 / gemm.count)
            for name in (gemm.left, gemm.right)
        )
        left, right = loads(left_bytes, right_bytes, chip.buffer_bytes / 2)
        times[gemm.left] = max(times.get(gemm.left, 1), left)
        times[gemm.right] = max(times.get(gemm.right, 1), right)
    return times


def _width(data_type: int) -> int:
    """Bytes of one stored element."""
    return int(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(data_type)).itemsize)
