"""Measured latency of plans against their prediction and simpler strategies, on shaped links.

An edge slowed by 8 (it waits in proportion), a cloud tier under Ray Serve, a shaped link between them. The
plan is the agent's: it measures itself, gets the table that the plan service makes, learns each link by
probes and frames, and picks by its own rule; the prediction is that plan's on the link as learnt. Then frames
of every strategy take turns, so that noise meets all alike, and the least median of three stretches counts,
for the profiles as for the cells. The edge is the agent's own engine in this process (preparation, head,
encoding, HTTP client), without its HTTP face and its result store; the cloud is `evosplit cloud` as it is.
Latency is from the frame's pixels to its outcome. Plans may cost as much accuracy as the JPEG of the baseline
does on pictures that judge both; ``agrees`` says on others how many of the float network's answers stay.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.cells.answer_agreement import jpeg_agrees, plan_agrees
from benchmarks.cells.edge_engines import Edge
from benchmarks.cells.inputs import PICTURES, Network, network
from benchmarks.cells.playback import play
from benchmarks.cells.predictions import baselines, known_of, teacher
from benchmarks.cells.report_rows import line, row
from benchmarks.report import write_result
from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.tiers import cloud_tier
from evosplit.cli.shaper import Shaper
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.replan import choices, replan

BANDWIDTHS_BPS: Final = (0.5e6, 2e6, 8e6, 32e6)
RTT_S: Final = 0.02
SLOWDOWN: Final = 8.0
TARGETS: Final = {"prediction_within": 0.15, "of_best_baseline": 1.05}


def main() -> None:
    """Measure all cells and write the result."""
    started_s = time.perf_counter()
    cells = asyncio.run(_all(tuple(PICTURES)))
    result = {
        "targets": TARGETS,
        "rtt_s": RTT_S,
        "slowdown": SLOWDOWN,
        "within_prediction": sum(abs(cell["off"]) <= TARGETS["prediction_within"] for cell in cells),
        "at_best_baseline": sum(cell["to_best_baseline"] <= TARGETS["of_best_baseline"] for cell in cells),
        "wall_s": time.perf_counter() - started_s,
        "cells": cells,
    }
    write_result("measured_cells", result)


async def _all(names: tuple[str, ...]) -> list[dict[str, Any]]:
    networks = [network(name) for name in names]
    token = new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-cells-") as name:
        folder = Path(name)
        _install(networks, folder / "models")
        async with (
            cloud_tier(folder, token) as cloud,
            Shaper.between(cloud.url, Link(BANDWIDTHS_BPS[-1], RTT_S)) as shaper,
            aiohttp.ClientSession() as session,
        ):
            cells = []
            for each in networks:
                edge = Edge(session, shaper.url, token, each, SLOWDOWN)
                try:
                    cells += await _network(each, edge, shaper)
                finally:
                    edge.close()
    return cells


def _install(networks: list[Network], models: Path) -> None:
    models.mkdir(parents=True)
    for each in networks:
        shutil.copy(each.model, models)
        shutil.copy(each.card_file, models / f"{each.model.stem}.yaml")


async def _network(each: Network, edge: Edge, shaper: Shaper) -> list[dict[str, Any]]:
    """All bandwidths of one network."""
    known = await asyncio.to_thread(known_of, each, SLOWDOWN, this_machine().cores, RTT_S)
    links = [Link(bandwidth_bps, RTT_S) for bandwidth_bps in BANDWIDTHS_BPS]
    others = [baselines(known, link) for link in links]
    edge.load([*choices(known.table), *(plan for chosen in others for plan in chosen.values())])
    agrees = {"cloud-jpeg": await asyncio.to_thread(jpeg_agrees, each)}
    cells = []
    for link, chosen in zip(links, others, strict=True):
        shaper.set_link(link)
        learnt = await edge.learnt(teacher(known))
        ours = replan(known.table, learnt, None)
        if ours.digest not in agrees:
            agrees[ours.digest] = await asyncio.to_thread(plan_agrees, each, ours)
        shots = await play(edge, {"ours": ours, **chosen})
        cell = row(known, link.bandwidth_bps, ours, learnt, shots)
        cell["agrees"] = {"ours": agrees[ours.digest], "cloud-jpeg": agrees["cloud-jpeg"]}
        cells.append(cell)
        print(line(cell), file=sys.stderr, flush=True)
    return cells


if __name__ == "__main__":
    main()
