"""Execution trace of one frame in the head, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StepTrace:
    """One segment that ran, or one hook that was asked.

    ``name`` is the segment's position among the segments ("0") or the hook's name. ``density`` is the share
    of positions that a segment computed; 1 for a hook. ``decision`` is ``run`` for a segment, else the
    decision's name in lower case. ``made_bytes`` counts what a segment hands over at its border.
    """

    kind: Literal["segment", "hook"]
    name: str
    backend: str
    seconds: float
    density: float = 1.0
    decision: str = "run"
    made_bytes: int = 0


@dataclass(frozen=True)
class HeadTrace:
    """The steps of one frame, in the order in which they ran."""

    steps: tuple[StepTrace, ...] = ()

    @property
    def hook_s(self) -> float:
        """Seconds that hooks took."""
        return sum(step.seconds for step in self.steps if step.kind == "hook")
