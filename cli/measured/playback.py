"""Interleaved measurement of one link: frames of every way, in turn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from evosplit.cli.measured.timed_edge import TimedAnswer, TimedEdge
from evosplit.cli.measured.ways import Way
from evosplit.shared.profiler import quiet_median

HOPELESS: Final = 3.0
"""Times the fastest: such a way is no best one, however often it is measured ..."""
FEW_FRAMES: Final = 1
"""... so that this must do, behind the first one."""


@dataclass(frozen=True)
class Rounds:
    """How long is played: ``seconds``, at least ``fewest`` rounds and at most ``most``."""

    seconds: float = 8.0
    fewest: int = 9
    most: int = 31


@dataclass
class Shots:
    """The answers of one way, and how many of its frames got none: the latter count nowhere."""

    answers: list[TimedAnswer] = field(default_factory=list)
    missed: int = 0

    @property
    def latency_s(self) -> float | None:
        """The least median of three stretches of frames; None where none was answered."""
        return quiet_median([answer.latency_s for answer in self.answers]) if self.answers else None

    def add(self, answer: TimedAnswer | None) -> None:
        """Count one more frame."""
        if answer is None:
            self.missed += 1
        else:
            self.answers.append(answer)


async def play(edge: TimedEdge, ways: Mapping[str, Way], rounds: Rounds) -> dict[str, Shots]:
    """Rounds of all ways in turn after one that warms the tails up; all see the same frame in a round.

    What runs the very same thing is played once and counts for all its names; what is hopeless after the
    first round, or got no answer, gets few frames.
    """
    runs = {way.run: way for way in ways.values()}
    first = {run: await edge.send(way, 0) for run, way in runs.items()}
    fastest_s = min((answer.latency_s for answer in first.values() if answer), default=0.0)
    shots = {run: Shots() for run in runs}
    end_s = time.perf_counter() + rounds.seconds
    for turn in range(rounds.most):
        if turn >= rounds.fewest and time.perf_counter() > end_s:
            break
        for run, way in runs.items():
            if turn < FEW_FRAMES or not _is_hopeless(way, first[run], fastest_s):
                shots[run].add(await edge.send(way, turn))
    return {name: shots[way.run] for name, way in ways.items()}


def _is_hopeless(way: Way, warm: TimedAnswer | None, fastest_s: float) -> bool:
    """By the first frame, which may have waited for a tail to be built: that counts against no split."""
    if warm is None:
        return True
    waited_s = warm.breakdown.tail_s if way.plan is not None and way.plan.boundary else 0.0
    return warm.latency_s - waited_s > HOPELESS * fastest_s
