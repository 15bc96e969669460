"""Cloud killed (SIGKILL) for 20 s under each of six mobile traces: frames lost, latency meanwhile, way back.

MobileNetV2 on an agent 20 times slower than this machine, behind a proxy that follows the middle of a trace;
a camera of two frames a second, each of which waits for the last one's answer. The cloud is a process of its
own with default options, killed after a few seconds, and started again so that it is ready about 20 s later.
``QUICK=1``: three traces, 8 s (or as long as a start takes).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.cells.inputs import SHARED, network
from benchmarks.cloud.planned_cloud import planned
from benchmarks.link.killable_tier import KillableTier, killable_tier
from benchmarks.report import write_result
from benchmarks.traces.agents import PERIOD_S, Camera, camera
from benchmarks.traces.uplinks import follow, read_pieces
from evosplit.cli.demo.processes import new_token
from evosplit.cli.measured.tiers import Bench
from evosplit.cli.shaper import Shaper
from evosplit.edge.pipeline.finished import FrameFailedError
from evosplit.edge.pipeline.intake import Ticket
from evosplit.shared.link import Link
from evosplit.shared.replan import fastest
from evosplit.shared.token import bearer

MODEL: Final = "mobilenetv2"
SLOWDOWN: Final = 20.0
RTT_S: Final = 0.02
QUICK: Final = bool(os.environ.get("QUICK"))
OUTAGE_S: Final = 8.0 if QUICK else 20.0
BEFORE_S: Final = 4.0
BACK_LIMIT_S: Final = 30.0
TARGETS: Final = {"lost": 0, "to_edge_only": 2.0, "back_s": 5.0}
_ALONE: Final = 8
"""So many frames say what all on the edge takes."""


@dataclass
class Course:
    """What became of frames: latencies by who answered, and how many were lost."""

    latency_s: list[float] = field(default_factory=list)
    answered_by: Counter[str] = field(default_factory=Counter)
    lost: int = 0


def main() -> None:
    """Play all traces and write the result."""
    paths = sorted((SHARED / "data" / "traces").glob("*.csv"))
    rows = asyncio.run(_all(paths[::2] if QUICK else paths))
    result = {
        "targets": TARGETS,
        "outage_s": OUTAGE_S,
        "lost": sum(row["lost"] for row in rows),
        "worst_to_edge_only": max(row["to_edge_only"] for row in rows),
        "worst_back_s": max(row["back_s"] for row in rows),
        "traces": rows,
    }
    write_result("cloud_outage", result)


async def _all(paths: list[Path]) -> list[dict[str, Any]]:
    each, token = network(MODEL), new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-outage-") as name:
        folder = Path(name)
        (folder / "models").mkdir()
        shutil.copy(each.model, folder / "models")
        shutil.copy(each.card_file, folder / "models" / f"{MODEL}.yaml")
        options = ("--models", str(folder / "models"), "--data", str(folder / "cloud"))
        async with (
            killable_tier("cloud", options, token, folder / "cloud.log") as cloud,
            Shaper.between(cloud.url, Link(1e6, RTT_S)) as shaper,
            aiohttp.ClientSession(headers=bearer(token), timeout=aiohttp.ClientTimeout(900)) as session,
        ):
            table = await planned(session, cloud.url, each.graph, SLOWDOWN, RTT_S)
            bench = Bench(session, shaper, token)
            async with camera(bench, each, table, "agent", SLOWDOWN, folder, RTT_S) as seen:
                return [await _trace(seen, cloud, path) for path in paths]


async def _trace(seen: Camera, cloud: KillableTier, path: Path) -> dict[str, Any]:
    whole = read_pieces(path, BEFORE_S + OUTAGE_S + 2 * BACK_LIMIT_S)[1]
    seen.bench.shaper.set_link(Link(whole.bandwidths_bps[0], RTT_S))
    alone = Course()
    for number in range(_ALONE):
        await _frame(seen, number, alone, "edge")
    driver = asyncio.create_task(follow(seen.bench.shaper, whole, RTT_S))
    try:
        row = await _outage(seen, cloud, alone)
    finally:
        driver.cancel()
        await asyncio.gather(driver, return_exceptions=True)
    row = {"trace": path.stem, "mean_bps": whole.mean_bps, **row}
    print(row, flush=True)
    return row


async def _outage(seen: Camera, cloud: KillableTier, alone: Course) -> dict[str, Any]:
    before, during, after = Course(), Course(), Course()
    await _frames(seen, before, time.perf_counter() + BEFORE_S)
    await cloud.kill()
    killed_s = time.perf_counter()
    starting = asyncio.create_task(_restarted(cloud))
    while not starting.done():
        await _frames(seen, during, time.perf_counter() + PERIOD_S)
    ready_s = await starting
    back_s = await _back(seen, after, ready_s)
    edge_s = statistics.median(alone.latency_s)
    return {
        "away_s": ready_s - killed_s,
        "lost": before.lost + during.lost + after.lost,
        "edge_only_s": edge_s,
        "meanwhile_s": statistics.fmean(during.latency_s),
        "meanwhile_worst_s": max(during.latency_s),
        "to_edge_only": statistics.fmean(during.latency_s) / edge_s,
        "back_s": back_s,
        "answered_by": {
            name: dict(course.answered_by)
            for name, course in {"before": before, "during": during, "after": after}.items()
        },
    }


async def _restarted(cloud: KillableTier) -> float:
    """Start the cloud so that it was away for about `OUTAGE_S`; when it was ready."""
    await asyncio.sleep(max(OUTAGE_S - cloud.start_s, 0.0))
    await cloud.start()
    return time.perf_counter()


async def _frames(seen: Camera, course: Course, end_s: float) -> None:
    number = 0
    while (began_s := time.perf_counter()) < end_s:
        await _frame(seen, number, course)
        number += 1
        await asyncio.sleep(max(began_s + PERIOD_S - time.perf_counter(), 0.0))


async def _back(seen: Camera, course: Course, ready_s: float) -> float:
    """Seconds from the cloud's being ready to the end of the first frame by the plan that suits the link."""
    number = 0
    while time.perf_counter() < ready_s + BACK_LIMIT_S:
        by, digest = await _frame(seen, number, course)
        number += 1
        plans = seen.agent.plans
        best = fastest(plans.model.table, plans.links.of(""), plans.priced())
        if by not in ("edge-fallback", "nobody") and digest == best.digest:
            return time.perf_counter() - ready_s
        await asyncio.sleep(PERIOD_S / 5)
    return BACK_LIMIT_S


async def _frame(
    seen: Camera, number: int, course: Course, strategy: str = "planned"
) -> tuple[str, str | None]:
    """One frame; who answered it, and by which plan."""
    picture = seen.pictures[number % len(seen.pictures)]
    started_s = time.perf_counter()
    try:
        ticket = Ticket(secrets.token_hex(8), strategy=strategy)
        result = (await seen.agent.frames.take_picture(picture, ticket)).result
    except FrameFailedError:
        course.lost += 1
        return "nobody", None
    course.latency_s.append(time.perf_counter() - started_s)
    course.answered_by[result.answered_by] += 1
    return result.answered_by, result.plan_digest


if __name__ == "__main__":
    main()
