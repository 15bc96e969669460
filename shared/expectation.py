"""Expected savings of hooks and masks: measured while serving, counted when a plan is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from evosplit.shared.errors import ProfileError


@dataclass(frozen=True)
class ExitShare:
    """A hook on tensor ``tap`` that answers ``share`` of the frames that reach it, and takes ``hook_s``."""

    tap: str
    share: float
    hook_s: float = 0.0


@dataclass(frozen=True)
class Expectation:
    """Shares between 0 and 1, of all frames of a model on one edge.

    ``exits`` are in the order in which the frames meet them. ``density`` maps a layer's name to the share of
    its seconds that masks leave; a layer that is not named takes all of them. ``wire_share`` is the share of
    a boundary's bytes that travels when only what changed is sent. Raises ProfileError for other values.
    """

    exits: tuple[ExitShare, ...] = ()
    density: Mapping[str, float] = field(default_factory=dict)
    wire_share: float = 1.0

    def __post_init__(self) -> None:
        shares = (*(exit_share.share for exit_share in self.exits), *self.density.values(), self.wire_share)
        if not all(0 <= share <= 1 for share in shares):
            raise ProfileError("a share of frames, of seconds or of bytes is not between 0 and 1")
        if not all(math.isfinite(exit_share.hook_s) and exit_share.hook_s >= 0 for exit_share in self.exits):
            raise ProfileError("the seconds of a hook are negative or not finite")


NOTHING_SPARED = Expectation()
