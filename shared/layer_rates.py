"""Arithmetic intensity and rates of a model's layers on a roofline.

A layer's bytes are those of its inputs, weights and outputs in float32, each moved once. Layers whose tensors
stay in the caches may therefore stand above the slanted roof, which is that of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.shared.errors import ProfileError
from evosplit.shared.graph import Graph, Layer
from evosplit.shared.roofline import Roofs

_FLOAT_BYTES: Final = 4


@dataclass(frozen=True)
class LayerRate:
    """One layer under the roofs. ``bound`` is ``compute`` or ``memory``: the lower roof at its intensity.

    ``roof_share`` is what it reaches of that roof: of the bandwidth alone when it does no arithmetic.
    """

    name: str
    op: str
    seconds: float
    flops: int
    bytes_moved: int
    intensity: float
    flops_per_s: float
    bytes_per_s: float
    bound: str
    roof_share: float


def layer_rates(graph: Graph, layer_s: Sequence[float], roofs: Roofs) -> tuple[LayerRate, ...]:
    """Every layer under the roofs. Raises ProfileError unless ``layer_s`` has one time above 0 a layer."""
    if len(layer_s) != len(graph.layers) or not all(seconds > 0 for seconds in layer_s):
        raise ProfileError(f"the profile does not give {graph.name} one time above zero per layer")
    pairs = zip(graph.layers, layer_s, strict=True)
    return tuple(_rate(graph, layer, seconds, roofs) for layer, seconds in pairs)


def _rate(graph: Graph, layer: Layer, seconds: float, roofs: Roofs) -> LayerRate:
    flops = 2 * layer.macs
    moved = sum(graph.tensors[name].size_bytes for name in (*layer.inputs, *layer.outputs))
    moved += _FLOAT_BYTES * layer.weight_elements
    intensity = flops / moved if moved else 0.0
    bytes_per_s = moved / seconds
    memory_bound = intensity * roofs.peak_bytes_per_s < roofs.peak_flops
    return LayerRate(
        name=layer.name,
        op=layer.op,
        seconds=seconds,
        flops=flops,
        bytes_moved=moved,
        intensity=intensity,
        flops_per_s=flops / seconds,
        bytes_per_s=bytes_per_s,
        bound="memory" if memory_bound else "compute",
        roof_share=bytes_per_s / roofs.peak_bytes_per_s
        if memory_bound
        else flops / seconds / roofs.peak_flops,
    )
