"""Model of the cloud's stream state: a value, and its transition at each event.

A frame builds on the newest one that was sent, answered or not: requests arrive as they went out, nearly
always, and a cloud that lacks the base says so. Where that went wrong, the newest acknowledged frame is the
base for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from evosplit.edge.streams.back_off import NO_FAILURE, BackOff
from evosplit.kernels.unpacked_codes import Codes

Event = Literal["acknowledged", "refused", "lost"]


@dataclass(frozen=True, eq=False)
class State:
    """The codes that a receiver of frame ``sequence`` has."""

    sequence: int
    tensors: tuple[Codes, ...]


@dataclass(frozen=True)
class Delivery:
    """Frame ``sequence`` and the frame it builds on (``base``, 0 of a key frame).

    ``is_early``: the base was not acknowledged when the frame was encoded.
    """

    sequence: int
    base: int = 0
    is_early: bool = False


ALONE: Final = Delivery(0)
"""A frame that is of no stream."""


@dataclass(frozen=True, eq=False)
class CloudState:
    """Model of what the cloud holds of one stream: ``acknowledged`` for certain, ``pending`` perhaps.

    ``whole`` counts how often in a row the cloud did not hold what it had acknowledged: with several
    replicas, or too little memory, deltas would only be sent in vain. ``early`` counts likewise frames that
    built on a pending one, as far as they went out after ``missed``: that was the ``newest`` frame when one
    was refused last, and those under way then may be refused for the same reason.
    """

    acknowledged: State | None = None
    pending: tuple[State, ...] = ()
    whole: BackOff = NO_FAILURE
    early: BackOff = NO_FAILURE
    newest: int = 0
    missed: int = 0

    @property
    def base(self) -> State | None:
        """What the next frame builds on; None where it is to be a key frame."""
        if self.whole.wait:
            return None
        return self.pending[-1] if self.pending and not self.early.wait else self.acknowledged


def on_sent(held: CloudState, sequence: int, state: State | None) -> CloudState:
    """A frame went out; ``state`` is None where it will not be a base."""
    pending = held.pending if state is None else (*held.pending, state)
    return replace(held, pending=pending, whole=held.whole.sent(), early=held.early.sent(), newest=sequence)


def on_event(held: CloudState, event: Event, delivery: Delivery) -> CloudState:
    """What became of a frame."""
    return EVENTS[event](held, delivery)


def _acknowledged(held: CloudState, delivery: Delivery) -> CloudState:
    """A delta that was understood lessens the doubts; a late word on an older frame is no news."""
    if delivery.base:
        held = replace(
            held, whole=NO_FAILURE, early=held.early.succeeded() if delivery.is_early else held.early
        )
    known = next((state for state in held.pending if state.sequence == delivery.sequence), None)
    if known is None or (held.acknowledged is not None and held.acknowledged.sequence > known.sequence):
        return _without(held, delivery)
    newer = tuple(state for state in held.pending if state.sequence > known.sequence)
    return replace(held, acknowledged=known, pending=newer)


def _refused(held: CloudState, delivery: Delivery) -> CloudState:
    """The cloud lacks the base; that says nothing of a newer one, nor of what it had acknowledged before.

    The frame's second try, as a key frame, is one of those that wait.
    """
    held = _without(held, delivery)
    if delivery.is_early:
        is_news = delivery.sequence > held.missed
        return replace(held, early=held.early.failed(), missed=held.newest) if is_news else held
    if held.acknowledged is None or held.acknowledged.sequence > delivery.base:
        return held
    return replace(held, acknowledged=None, whole=held.whole.failed())


def _lost(held: CloudState, delivery: Delivery) -> CloudState:
    """What builds on it may be refused: for as many frames as are under way nothing more does."""
    held = _without(held, delivery)
    wait = max(held.early.wait, len(held.pending))
    return replace(held, early=replace(held.early, wait=wait))


def _without(held: CloudState, delivery: Delivery) -> CloudState:
    pending = tuple(state for state in held.pending if state.sequence != delivery.sequence)
    return replace(held, pending=pending)


EVENTS: Final[Mapping[Event, Callable[[CloudState, Delivery], CloudState]]] = {
    "acknowledged": _acknowledged,
    "refused": _refused,
    "lost": _lost,
}
