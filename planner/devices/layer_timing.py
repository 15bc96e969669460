"""Layer latency at given bits: arithmetic, and the memory traffic that the bits make.

    traffic = (sum over operands of elements x bits / 8 + fixed_bytes) / bytes_per_s
    seconds = launch + max(compute, traffic)     transfers overlap the arithmetic (double buffering)
    seconds = launch + compute + traffic         they do not

Where weights are loaded before the layer starts, theirs is traffic that nothing hides. All are piecewise
linear in the bits, so an integer program takes them as they are: t >= launch + exposed + compute and
t >= launch + exposed + hidden, or one sum.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

INTEGER_BITS: Final = 8
"""The most bits that a device computes with in integers."""

Moved = tuple[tuple[str, float], ...]
"""(tensor, elements): elements that cross the memory interface, reloads counted."""


@dataclass(frozen=True)
class LayerTiming:
    """Seconds of one layer as a function of its weight bits and of its tensors' activation bits.

    ``weight_elements`` are those that a plan quantises; ``fixed_bytes`` move whatever the bits (biases,
    integer tensors). All counts are of elements moved: a tensor that is loaded three times counts three
    times. ``weights_first``: weights are loaded before the arithmetic starts. ``macs`` is what the layer
    computes, for its energy. A measured layer has only ``compute_s``; where it was measured in integers, too,
    it takes ``integer_s`` once its weights and all of ``integer_tensors`` have `INTEGER_BITS` or fewer. While
    it does not, each of its tensors that has so few takes ``border_s`` to be rounded, or turned back.
    """

    compute_s: float
    weight_elements: float = 0.0
    input_elements: Moved = ()
    output_elements: Moved = ()
    fixed_bytes: float = 0.0
    bytes_per_s: float = math.inf
    launch_s: float = 0.0
    overlap: bool = True
    weights_first: bool = False
    macs: int = 0
    integer_s: float | None = None
    integer_tensors: tuple[str, ...] = ()
    border_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def weight_s_per_bit(self) -> float:
        """Seconds of traffic that each bit of the layer's weights adds."""
        return self.weight_elements / 8 / self.bytes_per_s

    @property
    def activation_s_per_bit(self) -> Mapping[str, float]:
        """Tensor -> seconds of traffic that each of its bits adds; read and written ones alike."""
        moved: Counter[str] = Counter()
        for name, elements in (*self.input_elements, *self.output_elements):
            moved[name] += elements  # type: ignore[assignment]  # counters take any number
        return {name: elements / 8 / self.bytes_per_s for name, elements in moved.items()}

    @property
    def fixed_s(self) -> float:
        """Seconds of traffic that no choice of bits changes."""
        return self.fixed_bytes / self.bytes_per_s

    def moved_bytes(self, weight_bits: float, activation_bits: Mapping[str, float]) -> float:
        """Bytes across the memory interface. ``activation_bits`` holds every tensor that it moves."""
        bits = self.weight_elements * weight_bits + sum(
            elements * activation_bits[name]
            for name, elements in (*self.input_elements, *self.output_elements)
        )
        return bits / 8 + self.fixed_bytes

    def seconds(self, weight_bits: float, activation_bits: Mapping[str, float]) -> float:
        """Seconds of the layer at these bits."""
        traffic_s = self.moved_bytes(weight_bits, activation_bits) / self.bytes_per_s
        exposed_s = weight_bits * self.weight_s_per_bit if self.weights_first else 0.0
        hidden_s = traffic_s - exposed_s
        compute_s = self._compute_s(weight_bits, activation_bits)
        busy_s = max(compute_s, hidden_s) if self.overlap else compute_s + hidden_s
        return self.launch_s + exposed_s + busy_s

    def _compute_s(self, weight_bits: float, activation_bits: Mapping[str, float]) -> float:
        widest = max((weight_bits, *(activation_bits[name] for name in self.integer_tensors)))
        if self.integer_s is not None and widest <= INTEGER_BITS:
            return self.integer_s
        narrow = (s for name, s in self.border_s.items() if activation_bits[name] <= INTEGER_BITS)
        return self.compute_s + sum(narrow)

    def uniform_s(self, bits: float) -> float:
        """Seconds with weights and all tensors at the same bits."""
        names = (*self.activation_s_per_bit, *self.integer_tensors, *self.border_s)
        return self.seconds(bits, dict.fromkeys(names, bits))
