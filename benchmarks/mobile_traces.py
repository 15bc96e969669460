"""Mean latency of an agent on six measured mobile uplinks, against every single strategy held to.

MobileNetV2 on an edge 20 times slower than this machine, without integer units; agents as they are but for
their HTTP face, a cloud tier under Ray Serve, and a proxy that follows each trace: three pieces, from a
quarter, a half and three quarters of the file. A camera gives two frames a second. The planned strategy is
the agent's own: it estimates the link from its frames and probes, and corrects its predictions. The single
strategies are a second agent's: all on the edge, the input raw, the JPEG that keeps the promise, and the two
true splits that are predicted best at the trace's mean bandwidth and at half of it. On each piece the
strategies play one after the other, each the whole piece; what hardly depends on the link, or is never the
best (edge, raw), plays one of the pieces. Plans may cost as much accuracy as the agent's JPEG strategy does.
Answers of the edge count for no strategy that needs the cloud, but for the planned one: they are its choice.

``foresight`` is the least that choosing could give: of every frame the fastest way that was held to, known
beforehand. It is a bound from below, since the least of several noisy times is less than any of their means.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.cells.inputs import SHARED, network
from benchmarks.cells.predictions import Known, known_of, measured
from benchmarks.report import write_result
from benchmarks.traces.agents import Camera, Course, camera
from benchmarks.traces.uplinks import Piece, read_pieces
from evosplit.cli.measured.tiers import ServedModel, bench
from evosplit.cli.measured.ways import listed
from evosplit.library.band_rows import PLANNED, kind_of
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.plan import Plan

MODEL: Final = "mobilenetv2"
SLOWDOWN: Final = 20.0
RTT_S: Final = 0.02
PIECE_S: Final = 5.0
TARGETS: Final = {"geometric_mean": 0.85, "worst": 1.0}


def main() -> None:
    """Play all traces and write the result."""
    started_s = time.perf_counter()
    paths = sorted((SHARED / "data" / "traces").glob("*.csv"))
    rows = asyncio.run(_all([read_pieces(path, PIECE_S) for path in paths]))
    ratios = [row["to_best_single"] for row in rows]
    plain = [row["to_best_without_split"] for row in rows]
    least = [row["foresight_to_best_single"] for row in rows]
    result = {
        "targets": TARGETS,
        "model": MODEL,
        "slowdown": SLOWDOWN,
        "rtt_s": RTT_S,
        "to_best_single": {"geometric_mean": statistics.geometric_mean(ratios), "worst": max(ratios)},
        "to_best_without_split": {"geometric_mean": statistics.geometric_mean(plain), "worst": max(plain)},
        "foresight_to_best_single": {"geometric_mean": statistics.geometric_mean(least), "worst": max(least)},
        "wall_s": time.perf_counter() - started_s,
        "traces": rows,
    }
    write_result("mobile_traces", result)


async def _all(traces: list[tuple[Piece, ...]]) -> list[dict[str, Any]]:
    each = network(MODEL)
    here = await asyncio.to_thread(measured, each, this_machine().cores)
    known = await asyncio.to_thread(known_of, here, SLOWDOWN, RTT_S)
    served = ServedModel(each.model, each.card_file)
    with tempfile.TemporaryDirectory(prefix="evosplit-traces-") as name:
        async with bench((served,), Link(1e6, RTT_S)) as running:
            singles = [_singles(known, _mean_bps(pieces)) for pieces in traces]
            held = {plan.digest: plan for ways in singles for plan in ways.values()}
            alone = known.plans.plain(Link(1e6, RTT_S))["edge"].plan
            options = (SLOWDOWN, Path(name), RTT_S)
            async with (
                camera(running, each, known.table, "planned", *options) as agent,
                camera(running, each, listed([*held.values()], alone), "held", *options) as other,
            ):
                played = zip(traces, singles, strict=True)
                return [await _trace(agent, other, pieces, ways) for pieces, ways in played]


def _mean_bps(pieces: Sequence[Piece]) -> float:
    """The mean bandwidth of pieces of equal length."""
    return statistics.fmean(piece.mean_bps for piece in pieces)


def _singles(known: Known, mean_bps: float) -> dict[str, Plan]:
    """The plans of single strategies that name one: the JPEG, and true splits."""
    here, half = Link(mean_bps, RTT_S), Link(mean_bps / 2, RTT_S)
    ways = {**known.plans.fixed_splits([here, half])}
    ways |= {name: way for name, way in known.plans.plain(here).items() if name == "cloud-jpeg"}
    return {name: way.plan for name, way in ways.items() if way.plan is not None}


async def _played(
    agent: Camera, other: Camera, pieces: Sequence[Piece], held: Mapping[str, Plan]
) -> dict[str, Course]:
    """What every strategy made of the pieces."""
    courses = dict.fromkeys((PLANNED, *held), Course())
    for piece in pieces:
        courses[PLANNED] = courses[PLANNED].then(await agent.play(piece, PLANNED))
        for name, plan in held.items():
            courses[name] = courses[name].then(await other.play(piece, f"plan:{plan.digest}"))
    middle = pieces[len(pieces) // 2]
    alone = {strategy: await other.play(middle, strategy) for strategy in ("edge", "cloud-raw")}
    return {**courses, **alone}


async def _trace(
    agent: Camera, other: Camera, pieces: Sequence[Piece], held: Mapping[str, Plan]
) -> dict[str, Any]:
    """One trace by every strategy, and the planned one beside the best of them."""
    courses = await _played(agent, other, pieces, held)
    mean_s = {
        name: statistics.fmean(course.latency_s) for name, course in courses.items() if course.latency_s
    }
    single = {name: latency_s for name, latency_s in mean_s.items() if name != PLANNED}
    plain = {name: latency_s for name, latency_s in single.items() if kind_of(name) != "split"}
    best, best_plain = min(single, key=single.__getitem__), min(plain, key=plain.__getitem__)
    print(f"{pieces[0].name} {_mean_bps(pieces) / 1e6:.2f} Mbit/s: {mean_s}", flush=True)
    return {
        "trace": pieces[0].name,
        "mean_bps": _mean_bps(pieces),
        "best_single": best,
        "to_best_single": mean_s[PLANNED] / single[best],
        "best_without_split": best_plain,
        "to_best_without_split": mean_s[PLANNED] / plain[best_plain],
        "foresight_to_best_single": _foresight_s(courses) / single[best],
        "mean_s": mean_s,
        "frames": {name: len(course.latency_s) for name, course in courses.items()},
        "not_their_own": {name: course.others for name, course in courses.items()},
        "planned_ways": _shares(courses[PLANNED]),
    }


def _foresight_s(courses: Mapping[str, Course]) -> float:
    """Mean latency of the fastest way of each frame, the planned one left out.

    The edge is always as fast; a way that did not take every frame is left out, as its frames have no places.
    """
    frames = len(courses[PLANNED].latency_s)
    held = [course.latency_s for name, course in courses.items() if name != PLANNED]
    alone_s = [statistics.fmean(courses["edge"].latency_s)] * frames
    each = zip(alone_s, *(latency_s for latency_s in held if len(latency_s) == frames), strict=True)
    return statistics.fmean(min(latencies_s) for latencies_s in each)


def _shares(course: Course) -> dict[str, float]:
    """The share of frames of each way."""
    return {way: count / len(course.ways) for way, count in Counter(course.ways).most_common()}


if __name__ == "__main__":
    main()
