"""Which bit-widths an error table knows, and their errors."""

from __future__ import annotations

from collections.abc import Mapping

from evosplit.shared.plan import FLOAT_BITS


def known_bits(offered: tuple[int, ...], errors: Mapping[int, float]) -> list[int]:
    """Of the widths on offer, those with an error."""
    return [bits for bits in offered if bits == FLOAT_BITS or bits in errors]


def error_at(by_bits: Mapping[int, float], bits: int) -> float:
    """The error at a width; float32 has none."""
    return 0.0 if bits == FLOAT_BITS else by_bits[bits]
