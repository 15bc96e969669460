"""Our plan against its prediction, and against what is simpler, on measured devices and shaped links.

An edge slowed by 8 (it waits in proportion), a cloud tier under Ray Serve, a shaped link between them. For
each network and bandwidth, frames of every strategy take turns, so that noise meets all alike, and the least
median of three stretches counts, for the profiles as for the cells. The edge is the agent's own engine in
this process (preparation, head, encoding, HTTP client), without its HTTP face and its result store; the
cloud is `evosplit cloud` as it is. Latency is from the frame's pixels to its outcome.
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

from benchmarks.cells.edge import Edge
from benchmarks.cells.inputs import PICTURES, Network, network
from benchmarks.cells.play import play
from benchmarks.cells.predict import measure, plans, with_constants
from benchmarks.cells.rows import line, row
from benchmarks.report import write_result
from cli.demo.processes import new_token
from cli.demo.stage import cloud_tier
from cli.shaper import Shaper
from shared.link import Link
from shared.machine import this_machine

BANDWIDTHS_BPS: Final = (0.5e6, 2e6, 8e6, 32e6)
RTT_S: Final = 0.02
SLOWDOWN: Final = 8.0
CALIBRATING: Final = Link(1e9, RTT_S)
CALIBRATING_FRAMES: Final = 11
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
            Shaper.between(cloud.url, CALIBRATING) as shaper,
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
    known = await asyncio.to_thread(measure, each, SLOWDOWN, this_machine().cores)
    shaper.set_link(CALIBRATING)
    known = await with_constants(edge, each, known, CALIBRATING, CALIBRATING_FRAMES)
    by_bandwidth = {bandwidth: plans(each, known, bandwidth) for bandwidth in BANDWIDTHS_BPS}
    edge.load([plan for chosen in by_bandwidth.values() for plan in chosen.values()])
    cells = []
    for bandwidth_bps, chosen in by_bandwidth.items():
        shaper.set_link(Link(bandwidth_bps, RTT_S))
        shots = await play(edge, chosen, Link(bandwidth_bps, known.request_s))
        cells.append(row(known, bandwidth_bps, chosen["ours"], shots))
        print(line(cells[-1]), file=sys.stderr, flush=True)
    return cells


if __name__ == "__main__":
    main()
