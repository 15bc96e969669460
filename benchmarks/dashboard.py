"""Dashboard: bytes of its first load, and what an open page costs the agent at ten frames a second.

Both tiers are real processes; the page is open in Chromium. Processor seconds of the agent are compared in
turns with and without the page, so that a machine that slows down does not count for either.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any, Final

import psutil

from benchmarks.link.both_tiers import Tiers, both_tiers
from benchmarks.link.open_page import open_page
from benchmarks.report import write_result
from evosplit.shared.web.page_files import page_files

NETWORK: Final = "squeezenet1.1"
TARGETS: Final = {"first_load_bytes": 400_000, "share_of_a_core": 0.03}
PER_S: Final = 10.0
TURN_S: Final = 12.0
TURNS: Final = 3


def main() -> None:
    """Measure and write the result."""
    result = asyncio.run(_measured())
    write_result("dashboard", {"targets": TARGETS, "network": NETWORK, "frames_per_s": PER_S, **result})


async def _measured() -> dict[str, Any]:
    without: list[float] = []
    with_page: list[float] = []
    async with both_tiers(NETWORK) as tiers:
        await _core_share(tiers)  # heads and tails are built
        for _ in range(TURNS):
            without.append(await _core_share(tiers))
            async with open_page(tiers):
                with_page.append(await _core_share(tiers))
    return {
        "first_load_bytes": sum(len(item.content) for item in page_files().values()),
        "core_share_without": without,
        "core_share_with_page": with_page,
        "core_share_of_page": statistics.median(with_page) - statistics.median(without),
    }


async def _core_share(tiers: Tiers) -> float:
    """Processor seconds of the agent for each second, while frames come at fixed times."""
    agent = psutil.Process(tiers.edge.process_id)
    before, start_s = agent.cpu_times(), time.perf_counter()
    sent = []
    for number in range(int(TURN_S * PER_S)):
        await asyncio.sleep(start_s + number / PER_S - time.perf_counter())
        sent.append(asyncio.create_task(tiers.send(number)))
    await asyncio.gather(*sent)
    after = agent.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    return used_s / (time.perf_counter() - start_s)
