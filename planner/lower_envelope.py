"""Lower envelope of many lines, known only by asking which of them is lowest at one place.

Kept are the lines found so far. Where their own envelope has a vertex, or ends, it is asked there once: an
answer that is lower than all of them by more than a tolerance joins them, any other settles the place. When
all vertices are settled no line is lower anywhere, since an envelope is concave and so is lowest, relative to
the lines below it, at a vertex. With k lines on the envelope that is about 2k questions.

It ends whatever the answers. No place is asked twice, and the vertices of n lines are at most n (n - 1) / 2,
so it goes on only while lines join. A line that joins is lower by at least the tolerance d at some place, and
by something within d / b of it, where b is the largest difference of slopes: the area below the envelope,
which no line of positive values brings below zero, loses at least min(d d / 2 b, d times half the interval).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Straight(Protocol):
    """A line fixed_s + bits s."""

    @property
    def fixed_s(self) -> float:
        """The value at zero."""

    @property
    def bits(self) -> float:
        """The slope."""

    def at(self, s: float) -> float:
        """The value at s."""


L = TypeVar("L", bound=Straight)


def envelope(
    best: Callable[[float], L], low: float, high: float, tolerance: float
) -> tuple[list[L], list[float]]:
    """The lower envelope between ``low`` and ``high``, ascending: its lines, and where one follows another.

    ``best(s)`` is the line that is lowest at s, up to less than the tolerance.
    """
    known, settled = [best(low)], {low}
    while True:
        lines, crossings = lowest(known, low, high)
        unsettled = [s for s in (high, *crossings) if s not in settled]
        if not unsettled:
            return lines, crossings
        place = unsettled[0]
        settled.add(place)
        line = best(place)
        if line.at(place) < min(other.at(place) for other in known) - tolerance:
            known.append(line)


def lowest(lines: Sequence[L], low: float, high: float) -> tuple[list[L], list[float]]:
    """The lower envelope of lines that are all known: of equals the flattest, and no line of no width."""
    kept: list[L] = []
    crossings: list[float] = []
    line, start = min(lines, key=lambda other: (other.at(low), other.bits)), low
    while True:
        kept.append(line)
        meets = [
            (_meeting(line, other, start), other.bits, other) for other in lines if other.bits < line.bits
        ]
        place, _, following = min(meets, key=lambda meet: meet[:2], default=(high, 0.0, line))
        if place >= high:
            return kept, crossings
        if place <= start:
            kept.pop()
        else:
            crossings.append(place)
        line, start = following, place


def _meeting(line: Straight, flatter: Straight, start: float) -> float:
    """Where a flatter line comes down to one that is lowest at ``start``: no earlier, but for rounding."""
    return max((flatter.fixed_s - line.fixed_s) / (line.bits - flatter.bits), start)
