"""Interleaved measurement of one cell: frames of every strategy over one link, in turn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from benchmarks.cells.edge_engines import Edge, TimedAnswer
from evosplit.edge.pipeline.job import Strategy
from evosplit.shared.plan import Plan
from evosplit.shared.serial import digest

MOST_ROUNDS: Final = 31
FEWEST_ROUNDS: Final = 9
CELL_S: Final = 8.0
HOPELESS: Final = 3.0
"""Times the fastest: such a strategy is no best baseline, however often it is measured ..."""
FEW_FRAMES: Final = 2
"""... so that this must do."""
STRATEGIES: Final[Mapping[str, Strategy]] = {
    "ours": "planned",
    "edge": "planned",
    "neurosurgeon": "planned",
    "qdmp": "planned",
    "cloud-raw": "cloud-raw",
    "cloud-jpeg": "cloud-jpeg",
}


async def play(edge: Edge, chosen: Mapping[str, Plan]) -> dict[str, list[TimedAnswer]]:
    """Rounds of all strategies in turn after one that warms the tails up.

    What runs the very same thing is played once and counts for all its names; what is hopeless after the
    first round gets few frames.
    """
    runs = {name: _run(name, chosen) for name in STRATEGIES}
    first = {run: await edge.send(run[0], _plan(run, chosen)) for run in dict.fromkeys(runs.values())}
    fastest_s = min(shot.latency_s for shot in first.values())
    shots: dict[_Run, list[TimedAnswer]] = {run: [] for run in first}
    end_s = time.perf_counter() + CELL_S
    for turn in range(MOST_ROUNDS):
        if turn >= FEWEST_ROUNDS and time.perf_counter() > end_s:
            break
        for run, warm in first.items():
            is_hopeless = run[0] != "planned" and warm.latency_s > HOPELESS * fastest_s
            if turn < FEW_FRAMES or not is_hopeless:
                shots[run].append(await edge.send(run[0], _plan(run, chosen)))
    return {name: shots[run] for name, run in runs.items()}


_Run = tuple[Strategy, str]


def _run(name: str, chosen: Mapping[str, Plan]) -> _Run:
    """What is really executed: a strategy of the engine, and for ``planned`` what the plan does."""
    if STRATEGIES[name] != "planned":
        return STRATEGIES[name], ""
    plan = chosen[name]
    return "planned", digest((plan.cut_key, dict(plan.weight_bits), dict(plan.wire)))


def _plan(run: _Run, chosen: Mapping[str, Plan]) -> Plan:
    return next((plan for name, plan in chosen.items() if _run(name, chosen) == run), chosen["edge"])
