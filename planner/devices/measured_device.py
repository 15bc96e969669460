"""Measured device: in float32, and maybe in 8-bit integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.shared.errors import ProfileError
from evosplit.shared.graph import Graph, Layer
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.profile import Profile


@dataclass(frozen=True)
class MeasuredDevice:
    """ONNX Runtime on some machine: traffic is part of what was measured.

    ``side`` says whether its layers run in heads (edge) or tails (cloud): those sums were corrected apart.
    """

    profile: Profile
    side: Literal["edge", "cloud"] = "edge"
    energy: Energy | None = None
    bits: int = FLOAT_BITS
    choices: tuple[int, ...] = (FLOAT_BITS,)

    @property
    def name(self) -> str:
        """The processor."""
        return self.profile.machine.processor

    @property
    def source(self) -> str:
        """What measured it."""
        return f"measured with {self.profile.machine.runtime}, {self.profile.threads} threads"

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        """Corrected seconds per layer, without traffic. Raises ProfileError for another model's profile."""
        if self.profile.model_sha256 != graph.sha256 or len(self.profile.layer_s) != len(graph.layers):
            raise ProfileError(f"the profile is of {self.profile.model}, not of this {graph.name}")
        seconds = self.profile.head_layer_s() if self.side == "edge" else self.profile.tail_layer_s()
        integers = self._integers() if self.side == "edge" else None
        return tuple(
            _timing(graph, layer, layer_s, integers[layer.index] if integers else None)
            for layer_s, layer in zip(seconds, graph.layers, strict=True)
        )

    def _integers(self) -> tuple[tuple[float, float], ...] | None:
        """Per layer, its time in integers and that of a border per element."""
        times, layer_s = self.profile.integers, self.profile.integer_layer_s()
        if times is None or layer_s is None:
            return None
        return tuple((seconds, times.border_s_per_element) for seconds in layer_s)


def _timing(graph: Graph, layer: Layer, layer_s: float, integers: tuple[float, float] | None) -> LayerTiming:
    """``integers``: the layer's time in them, where that is less, and the time of a border per element."""
    if integers is None:
        return LayerTiming(layer_s, macs=layer.macs)
    integer_s, element_s = integers
    touched = (graph.tensors[name] for name in dict.fromkeys((*layer.inputs, *layer.outputs)))
    border_s = {tensor.name: element_s * tensor.elements for tensor in touched if tensor.is_float}
    if integer_s >= layer_s:
        return LayerTiming(layer_s, macs=layer.macs, border_s=border_s)
    tensors = tuple(border_s)
    return LayerTiming(
        layer_s, macs=layer.macs, integer_s=integer_s, integer_tensors=tensors, border_s=border_s
    )
