"""Rules of change-driven execution: when the last values of a stream may be kept. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from evosplit.shared.errors import UsageError

TRIALS: Final = 7
"""Frames that show what a stream's changes cost."""


@dataclass(frozen=True)
class ChangeSettings:
    """How much of a frame has to be computed anew.

    ``threshold``: an input position counts as changed when one of its values differs by more from the value
    last used there; in the units of the network's input tensor. 0: any other bit is a change.
    ``block``: where a position changed, all of its ``block`` x ``block`` square did.
    ``tolerance``: a layer's output at a position goes on to later layers when it differs from the one last
    used there by more than this share of the layer's own root mean square. 0: always.
    ``refresh_frames``: every so many frames all is computed. ``jump``: share of changed input positions from
    which on all is computed. ``memory_bytes``: for the streams' kept values; the stream that was quiet for
    longest goes first. ``dense_takes_over``: a stream that changes so much that the dense backend is faster
    gets it, for ``refresh_frames`` at a time.
    """

    threshold: float = 0.0
    tolerance: float = 0.0
    refresh_frames: int = 100
    jump: float = 0.5
    block: int = 1
    memory_bytes: int = 128 << 20
    dense_takes_over: bool = True

    def __post_init__(self) -> None:
        if not (self.threshold >= 0 and self.tolerance >= 0):
            raise UsageError("a change threshold or tolerance below zero")
        if min(self.refresh_frames, self.block) < 1 or not 0 <= self.jump <= 1:
            raise UsageError("change settings: refresh_frames and block from 1 on, jump 0 to 1")

    def check_reach(self, largest_change: float) -> None:
        """Raise UsageError where no two pictures differ by more than the threshold: nothing would change."""
        if self.threshold >= largest_change:
            raise UsageError(
                f"--change-threshold {self.threshold:g}: values of this network's input differ by "
                f"{largest_change:.3g} at the most, so that no picture would ever count as changed; "
                f"try {largest_change / 32:.2g}"
            )

    def behind(self) -> ChangeSettings:
        """For a segment that reads another's outputs: what was kept there is bit for bit the same here."""
        return replace(self, threshold=0.0, block=1)


class Work(Enum):
    """What to do with a frame."""

    ALL = "all"
    CHANGES = "changes"
    NOTHING = "nothing"


def work_for(settings: ChangeSettings, frames_since_refresh: int | None, changed: float) -> Work:
    """``frames_since_refresh``: None when nothing is kept; ``changed``: share of input positions, 0 .. 1."""
    if frames_since_refresh is None or frames_since_refresh + 1 >= settings.refresh_frames:
        return Work.ALL
    if changed == 0:
        return Work.NOTHING
    return Work.ALL if changed > settings.jump else Work.CHANGES


def dense_is_faster(masked_s: Sequence[float], dense_s: float) -> bool:
    """Whether the last frames' seconds say so; never before there are `TRIALS` of them."""
    return len(masked_s) >= TRIALS and statistics.median(masked_s) > dense_s
