"""Integer profile: times of layers and heads in 8 bits, beside those in float32."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class IntegerTimes:
    """Seconds with 8-bit weights and activations, at the same slowdown as the profile that holds them.

    ``layer_s`` has one time per layer, run alone from float32 to float32; ``head_s`` those of whole heads by
    the length of their prefix, which correct the sum of the layers. ``border_s_per_element`` is what rounding
    a tensor for integers takes where float32 made it, and as much again what turning one back takes.
    """

    layer_s: tuple[float, ...]
    head_s: Mapping[int, float]
    border_s_per_element: float = 0.0

    def slowed(self, factor: float) -> IntegerTimes:
        """Those of a device that takes ``factor`` times as long."""
        heads = {index: factor * seconds for index, seconds in self.head_s.items()}
        layers = tuple(factor * seconds for seconds in self.layer_s)
        return IntegerTimes(layers, heads, factor * self.border_s_per_element)
