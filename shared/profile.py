"""Profile: seconds per layer, and per whole head and tail, of one model on one device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from evosplit.shared.integer_times import IntegerTimes

_SHORT: Final = 0.1
"""Heads and tails below this share of the whole are too short for a relative deviation to mean much."""

BUSY: Final = 0.15
"""Runs on a machine without other work spread by less than this share."""


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

    ``residual`` is by what share a predicted head or tail may be off (see `left_out_residual`); None where
    nothing was measured to tell. Beside the network a frame takes ``prepare_s`` to make the input of
    its pixels, and ``frame_s`` whatever the plan: reading the outputs, handing work over. What is made of the
    pixels to be sent instead takes ``picture_s`` (codec of `evosplit.shared.picture_codes` -> seconds), and
    no input. ``pack_s`` is what encoding a frame of tensors takes whatever its size: the first one finds
    caches cold. ``plain_s_per_byte`` is (encode, decode) where a plan says ``none`` for a codec; None where
    not measured; ``coded_s_per_byte`` where it says ``rans``, None of a device that does not know how;
    ``economical_s_per_byte`` is what encoding takes where codes are moved to save bits, None likewise;
    ``transform_s_per_mac`` what a multiply-accumulate of a channel transform takes, None likewise.
    ``integers`` are the times in 8-bit integers, None where the device was not measured with them. ``spread``
    is how much longer than quiet runs of heads and tails the upper quartile of them took; above `BUSY` the
    machine had other work. ``repeats`` counts how often it was measured again for that.
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
    residual: float | None = None
    frame_s: float = 0.0
    prepare_s: float = 0.0
    picture_s: Mapping[str, float] = field(default_factory=dict)
    plain_s_per_byte: tuple[float, float] | None = None
    coded_s_per_byte: tuple[float, float] | None = None
    economical_s_per_byte: float | None = None
    transform_s_per_mac: float | None = None
    pack_s: float = 0.0
    integers: IntegerTimes | None = None
    spread: float | None = None
    repeats: int = 0

    def head_layer_s(self) -> tuple[float, ...]:
        """Seconds per layer whose running sums pass through the measured heads."""
        return _corrected(self.layer_s, self.head_s)

    def integer_layer_s(self) -> tuple[float, ...] | None:
        """Integer seconds per layer whose running sums pass through the measured integer heads."""
        return _corrected(self.integers.layer_s, self.integers.head_s) if self.integers else None

    def tail_layer_s(self) -> tuple[float, ...]:
        """Seconds per layer whose sums from the end pass through the measured tails."""
        count = len(self.layer_s)
        reverse = {count - index: value for index, value in self.tail_s.items()}
        return _corrected(self.layer_s[::-1], reverse)[::-1]


def left_out_residual(
    layer_s: tuple[float, ...], head_s: Mapping[int, float], tail_s: Mapping[int, float]
) -> float | None:
    """The largest share by which a head or tail is mispredicted when the correction does not know it.

    Each measured cut but the two ends is left out in turn. That is careful: a plan is predicted from all of
    them, so its cut lies nearer to a measured one. Parts shorter than a tenth of the whole count as a tenth.
    None when no cut can be left out.
    """
    count = len(layer_s)
    reverse = {count - index: value for index, value in tail_s.items()}
    off = [*_deviations(layer_s, head_s), *_deviations(layer_s[::-1], reverse)]
    return max(off, default=None)


def _deviations(layer_s: tuple[float, ...], whole_s: Mapping[int, float]) -> list[float]:
    ends = {0, len(layer_s)}
    floor_s = _SHORT * max(whole_s.values(), default=0.0)
    errors = []
    for index in sorted(whole_s.keys() - ends):
        others = {stop: value for stop, value in whole_s.items() if stop != index}
        predicted_s = sum(_corrected(layer_s, others)[:index])
        base_s = max(whole_s[index], floor_s)
        errors.append(abs(predicted_s - whole_s[index]) / base_s if base_s else 0.0)
    return errors


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
