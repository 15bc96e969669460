"""First frame over the median: behind every planned cut, once the table was handed out, and after a restart.

The frame is timed at the client: HTTP over loopback, decoding, tail. Target: at most twice the median of the
frames that follow. The frames of a cold cloud, which handed out no table, show what is spared.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.cloud.planned_cloud import cloud_of, frame_body, planned, session_with
from benchmarks.report import write_result
from evosplit.cli.demo.processes import new_token
from evosplit.shared.graph import Graph

NETWORKS: Final = ("mobilenetv2", "squeezenet1.1", "yolox_nano")
SLOWDOWN: Final = 20.0
RTT_S: Final = 0.005
FOLLOWING: Final = 30
TARGET: Final = 2.0


def main() -> None:
    """Measure and write the result."""
    rows = [row for network in NETWORKS for row in asyncio.run(_rows(network))]
    warm = [row["ratio"] for row in rows if row["cloud"] != "cold"]
    write_result("first_frame", {"target": TARGET, "worst_ratio": max(warm), "rows": rows})


async def _rows(network: str) -> list[dict[str, Any]]:
    token = new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-first-") as name:
        folder, cold = Path(name) / "warm", Path(name) / "cold"
        folder.mkdir()
        cold.mkdir()
        async with cloud_of(folder, network, token) as (started, graph), session_with(token) as session:
            table = await planned(session, started.url, graph, SLOWDOWN, RTT_S)
            cuts = list(dict.fromkeys(plan.cut_key for plan in table.plans if plan.wire_bytes))
            rows = await _played(session, started.url, graph, cuts, "handed out")
        async with cloud_of(folder, network, token) as (started, graph), session_with(token) as session:
            rows += await _played(session, started.url, graph, cuts, "restarted")
        async with cloud_of(cold, network, token) as (started, graph), session_with(token) as session:
            return rows + await _played(session, started.url, graph, cuts, "cold")


async def _played(
    session: aiohttp.ClientSession, url: str, graph: Graph, cuts: list[str], state: str
) -> list[dict[str, Any]]:
    rows = []
    for cut_key in cuts:
        body, headers = frame_body(graph, cut_key)
        times_s = [await _time_s(session, url, graph.name, body, headers) for _ in range(1 + FOLLOWING)]
        median_s = statistics.median(times_s[1:])
        row = {"network": graph.name, "cut": cut_key, "cloud": state, "first_s": times_s[0]}
        rows.append({**row, "median_s": median_s, "ratio": times_s[0] / median_s})
        print(rows[-1], flush=True)
    return rows


async def _time_s(
    session: aiohttp.ClientSession, url: str, name: str, body: bytes, headers: dict[str, str]
) -> float:
    started_s = time.perf_counter()
    async with session.post(f"{url}/v2/models/{name}/infer", data=body, headers=headers) as reply:
        await reply.read()
        reply.raise_for_status()
    return time.perf_counter() - started_s
