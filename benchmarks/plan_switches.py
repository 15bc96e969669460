"""1,000 forced plan switches under load: frames lost, added p99, and memory against an agent of one plan.

Real processes, default options. One client's frames name another plan each time; then the same plans come in
blocks, without a switch between two frames. Both take turns, while a second client's frames go as planned.
``QUICK=1``: 200 switches.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.cells.inputs import SHARED
from benchmarks.link.both_tiers import Tiers, both_tiers
from benchmarks.report import write_result
from evosplit.library.card_files import find_card
from evosplit.planner.bundle import build_bundle
from evosplit.shared.card import card_to_data, load_card
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import load_graph
from evosplit.shared.plan import PlanTable
from evosplit.shared.serial import from_json, to_json

NETWORK: Final = "squeezenet1.1"
SWITCHES: Final = 200 if os.environ.get("QUICK") else 1000
TARGETS: Final = {"lost": 0, "added_p99_s": 1e-3, "memory_ratio": 1.2}
SLOWDOWN: Final = 8.0
"""Of the edge, so that its table has several cuts."""
_ROUNDS: Final = 20
_PAUSE_S: Final = 0.05
_DRAWS: Final = 1000


def main() -> None:
    """Measure and write the result."""
    result = asyncio.run(_measured())
    write_result("plan_switches", {"targets": TARGETS, "network": NETWORK, **result})


async def _measured() -> dict[str, Any]:
    async with both_tiers(NETWORK, ("--no-hooks", "--slowdown", f"{SLOWDOWN:g}")) as tiers:
        table = await _table(tiers)
        cuts = list(dict.fromkeys(plan.cut_key for plan in (*table.plans, *_fallback(table))))
        played = await _played(tiers, cuts)
    ratio = await asyncio.to_thread(_memory_ratio, table)
    return {"cuts": len(cuts), **played, **ratio}


async def _table(tiers: Tiers) -> PlanTable:
    """The agent's table, once every head of it is built."""
    while True:
        async with tiers.session.get(f"{tiers.edge.url}/v1/plan") as reply:
            status = await reply.json()
        table = from_json(PlanTable, to_json(status["table"]), EvoSplitError)
        if status["heads_ready"] >= len({plan.head_key for plan in (*table.plans, *_fallback(table))}):
            return table
        await asyncio.sleep(0.2)


def _fallback(table: PlanTable) -> list[Any]:
    return [] if table.fallback is None else [table.fallback]


async def _played(tiers: Tiers, cuts: list[str]) -> dict[str, Any]:
    each = max(SWITCHES // _ROUNDS // len(cuts), 1)
    for cut in cuts:
        await tiers.send(0, strategy=f"cut:{cut}")
    other = asyncio.create_task(_as_planned(tiers))
    switched, blocks, lost = list[float](), list[float](), 0
    for _ in range(_ROUNDS):
        lost += await _sent(tiers, itertools.chain(*[cuts] * each), switched)
        lost += await _sent(tiers, (cut for cut in cuts for _ in range(each)), blocks)
    other.cancel()
    (planned,) = await asyncio.gather(other, return_exceptions=True)
    if not isinstance(planned, asyncio.CancelledError):
        raise SystemExit(f"the second client ended: {planned}")
    p99_s = {"switched": _p99(switched), "in_blocks": _p99(blocks)}
    p50_s = {"switched": statistics.median(switched), "in_blocks": statistics.median(blocks)}
    added_s = p99_s["switched"] - p99_s["in_blocks"]
    interval = {"added_p99_interval_s": _interval(switched, blocks)}
    counts = {"switches": len(switched), "switches_in_blocks": _ROUNDS * len(cuts), "lost": lost}
    return {**counts, "p50_s": p50_s, "p99_s": p99_s, "added_p99_s": added_s, **interval}


async def _sent(tiers: Tiers, cuts: Iterable[str], latency_s: list[float]) -> int:
    """Frames by these cuts, one after the other; how many were not answered by their plan."""
    lost = 0
    for number, cut in enumerate(cuts):
        started_s = time.perf_counter()
        status, _ = await tiers.send(number, strategy=f"cut:{cut}")
        latency_s.append(time.perf_counter() - started_s)
        lost += status != 200
    return lost


async def _as_planned(tiers: Tiers) -> None:
    for number in itertools.count():
        status, answer = await tiers.send(number)
        if status != 200:
            raise SystemExit(f"a frame was lost: {answer}")
        await asyncio.sleep(_PAUSE_S)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _interval(switched: list[float], blocks: list[float]) -> list[float]:
    """95 % bootstrap interval of the added p99: few frames are as late as that."""
    rng = np.random.default_rng(0)
    drawn = [
        np.percentile(rng.choice(values, (_DRAWS, len(values))), 99, axis=1) for values in (switched, blocks)
    ]
    low, high = np.percentile(drawn[0] - drawn[1], (2.5, 97.5))
    return [float(low), float(high)]


def _memory_ratio(table: PlanTable) -> dict[str, Any]:
    """Resident memory of an agent with this table over that of one with a single plan of it."""
    alone = table.fallback or table.plans[0]
    single = dataclasses.replace(table, breakpoints_bps=(), plans=(alone,))
    many, one_plan = _resident_bytes(table), _resident_bytes(single)
    return {"plans": len(table.plans), "memory_bytes": [one_plan, many], "memory_ratio": many / one_plan}


def _resident_bytes(table: PlanTable) -> int:
    model = SHARED / "models" / f"{NETWORK}.onnx"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.evb"
        digest = build_bundle(load_graph(model), table, card_to_data(load_card(find_card(model))), path)
        command = [sys.executable, "-m", "benchmarks.link.agent_memory", str(path), digest]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


if __name__ == "__main__":
    main()
