"""Model of the cloud's stream state: a value, and its transition at each event.

Only an acknowledged frame may be a base, and the newest one is. A frame that was lost changes nothing: every
delta names its base, so no frame depends on one whose fate is unknown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from evosplit.kernels.unpacked_codes import Codes

Event = Literal["acknowledged", "refused", "lost"]
_LONGEST_WAIT: Final = 64


@dataclass(frozen=True, eq=False)
class State:
    """The codes that a receiver of frame ``sequence`` has."""

    sequence: int
    tensors: tuple[Codes, ...]


@dataclass(frozen=True, eq=False)
class CloudState:
    """Model of what the cloud holds of one stream: ``base`` for certain, ``pending`` perhaps.

    ``wait`` is how many frames go as key frames before the next delta.

    ``refusals`` counts how often in a row the cloud did not hold what it had acknowledged: with several
    replicas, or too little memory, deltas would only be sent in vain.
    """

    base: State | None = None
    pending: tuple[State, ...] = ()
    refusals: int = 0
    wait: int = 0


def on_sent(held: CloudState, state: State | None) -> CloudState:
    """A frame went out; ``state`` is None where it will not be a base."""
    pending = held.pending if state is None else (*held.pending, state)
    return dataclasses.replace(held, pending=pending, wait=max(held.wait - 1, 0))


def on_event(held: CloudState, event: Event, sequence: int, base: int) -> CloudState:
    """What became of frame ``sequence``, which built on ``base`` (0: a key frame)."""
    return EVENTS[event](held, sequence, base)


def _acknowledged(held: CloudState, sequence: int, base: int) -> CloudState:
    """A delta that was understood ends the doubts; a late word on an older frame is no news."""
    if base:
        held = dataclasses.replace(held, refusals=0, wait=0)
    known = next((state for state in held.pending if state.sequence == sequence), None)
    if known is None or (held.base is not None and held.base.sequence > sequence):
        return _lost(held, sequence, base)
    newer = tuple(state for state in held.pending if state.sequence > sequence)
    return dataclasses.replace(held, base=known, pending=newer)


def _refused(held: CloudState, sequence: int, base: int) -> CloudState:
    """The cloud lacks ``base``; that says nothing of a newer one."""
    held = _lost(held, sequence, base)
    if held.base is None or held.base.sequence > base:
        return held
    wait = min(2**held.refusals, _LONGEST_WAIT)  # this frame's second try is one of them
    return dataclasses.replace(held, base=None, refusals=held.refusals + 1, wait=wait)


def _lost(held: CloudState, sequence: int, base: int) -> CloudState:
    pending = tuple(state for state in held.pending if state.sequence != sequence)
    return dataclasses.replace(held, pending=pending)


EVENTS: Final[Mapping[Event, Callable[[CloudState, int, int], CloudState]]] = {
    "acknowledged": _acknowledged,
    "refused": _refused,
    "lost": _lost,
}
