"""Expected savings for the planner, from what was measured while serving. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from evosplit.shared.expectation import NOTHING_SPARED, ExitShare, Expectation

LEAST_FRAMES: Final = 100
"""Fewer frames say too little: what was known before stays."""
MATERIAL: Final = 0.1
"""A share that differs by more is worth new plans."""


@dataclass(frozen=True)
class HookSeen:
    """A hook that can answer: how often it was asked, how often it was sure, and its mean seconds."""

    tap: str
    asked: int
    sure: int
    hook_s: float


@dataclass(frozen=True)
class SegmentSeen:
    """A segment's layers by name, and the share of its seconds that masks leave; None where none served."""

    layers: tuple[str, ...]
    runs: int
    share: float | None


@dataclass(frozen=True)
class WireSeen:
    """Frames of named streams: what was sent of them, and what they would have been as whole frames."""

    frames: int = 0
    sent_bytes: int = 0
    whole_bytes: int = 0


def expectation(
    hooks: Iterable[HookSeen],
    segments: Iterable[SegmentSeen],
    wire: WireSeen,
    before: Expectation = NOTHING_SPARED,
) -> Expectation:
    """Shares as they were measured; what was met too seldom is taken from ``before``.

    ``hooks`` are all that are at work, in the order in which frames meet them: another one is not expected
    any more. A plan that does without a hook, or without a mask, leaves what is known of it as it is.
    """
    known = {exit_.tap: exit_ for exit_ in before.exits}
    exits = tuple(exit_ for hook in hooks if (exit_ := _exit(hook, known.get(hook.tap))) is not None)
    return Expectation(exits, {**before.density, **_density(segments)}, _wire_share(wire, before))


def differs(first: Expectation, second: Expectation) -> bool:
    """Whether any share differs so much that other plans may be better."""
    density = first.density.keys() | second.density.keys()
    pairs = [(first.wire_share, second.wire_share)]
    pairs += [(first.density.get(name, 1.0), second.density.get(name, 1.0)) for name in density]
    mine, others = _shares(first.exits), _shares(second.exits)
    pairs += [(mine.get(tap, 0.0), others.get(tap, 0.0)) for tap in mine.keys() | others.keys()]
    return any(abs(first_share - second_share) > MATERIAL for first_share, second_share in pairs)


def without_masks(expected: Expectation) -> Expectation:
    """For an agent that computes everything."""
    return replace(expected, density={})


def _exit(hook: HookSeen, before: ExitShare | None) -> ExitShare | None:
    if hook.asked < LEAST_FRAMES:
        return before
    return ExitShare(hook.tap, hook.sure / hook.asked, hook.hook_s)


def _density(segments: Iterable[SegmentSeen]) -> dict[str, float]:
    return {
        layer: min(segment.share, 1.0)
        for segment in segments
        if segment.share is not None and segment.runs >= LEAST_FRAMES
        for layer in segment.layers
    }


def _wire_share(wire: WireSeen, before: Expectation) -> float:
    if wire.frames < LEAST_FRAMES or not wire.whole_bytes:
        return before.wire_share
    return min(wire.sent_bytes / wire.whole_bytes, 1.0)


def _shares(exits: Sequence[ExitShare]) -> dict[str, float]:
    return {exit_.tap: exit_.share for exit_ in exits}
