"""Seconds per layer, and per whole head and tail, of one model on one device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """What a figure was measured on."""

    processor: str
    cores: int
    memory_bytes: int
    system: str
    runtime: str


@dataclass(frozen=True)
class Profile:
    """Measured seconds, already multiplied by ``slowdown``.

    ``layer_s`` holds one median per layer, run alone. ``head_s`` and ``tail_s`` hold whole heads and tails
    at a few prefix cuts (keyed by their length), which correct the sum of the layers: fusion and caches
    make it too large. ``encode_s_per_byte`` and ``decode_s_per_byte`` are per float32 byte of boundary.
    """

    model: str
    model_sha256: str
    machine: Machine
    threads: int
    slowdown: float
    layer_s: tuple[float, ...]
    head_s: Mapping[int, float]
    tail_s: Mapping[int, float]
    encode_s_per_byte: float
    decode_s_per_byte: float

    def head_layer_s(self) -> tuple[float, ...]:
        """Seconds per layer whose running sums pass through the measured heads."""
        return _corrected(self.layer_s, self.head_s)

    def tail_layer_s(self) -> tuple[float, ...]:
        """Seconds per layer whose sums from the end pass through the measured tails."""
        count = len(self.layer_s)
        reverse = {count - index: value for index, value in self.tail_s.items()}
        return _corrected(self.layer_s[::-1], reverse)[::-1]


def _corrected(layer_s: tuple[float, ...], whole_s: Mapping[int, float]) -> tuple[float, ...]:
    """Scale the layers between two measured prefixes so that they sum to what was measured.

    Noise can make a longer prefix seem faster; running maxima keep every layer's time at zero or above.
    """
    corrected: list[float] = []
    reached_s = 0.0
    for stop in sorted(whole_s):
        between = layer_s[len(corrected) : stop]
        target_s = max(whole_s[stop] - reached_s, 0.0)
        total_s = sum(between)
        corrected += [target_s * (part / total_s if total_s else 1 / len(between)) for part in between]
        reached_s += target_s if between else 0.0
    return tuple(corrected) + layer_s[len(corrected) :]
