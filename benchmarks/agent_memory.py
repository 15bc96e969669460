"""Resident memory of an agent with one RTSP camera of 1080p, an MQTT sink and its dashboard open.

The agent is what ``evosplit edge`` starts, with default options; the broker is Mosquitto, the page is open in
Chromium. Measured after the first start, which measures the device and has plans made, and for ten minutes
after a restart.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.link.both_tiers import Tiers, both_tiers
from benchmarks.link.killable_process import mosquitto
from benchmarks.link.open_page import open_page
from benchmarks.link.rtsp_cameras import rtsp_cameras
from benchmarks.report import write_result
from benchmarks.rtsp_streams import a_photograph

NETWORK: Final = "squeezenet1.1"
TARGET_BYTES: Final = 300_000_000
FIRST_S: Final = 40
RESTARTED_S: Final = 600


def main() -> None:
    """Measure and write the result."""
    with (
        tempfile.TemporaryDirectory(prefix="evosplit-memory-") as name,
        mosquitto(Path(name)) as broker,
        rtsp_cameras(("gate",), a_photograph(), Path(name) / "units") as cameras,
    ):
        options = (
            "--source",
            f"gate={cameras.addresses['gate']}",
            "--sink",
            f"mqtt://127.0.0.1:{broker.port}",
        )
        result = asyncio.run(_measured(options))
    write_result("agent_memory", {"target_bytes": TARGET_BYTES, "network": NETWORK, **result})


async def _measured(options: tuple[str, ...]) -> dict[str, Any]:
    async with both_tiers(NETWORK, options) as tiers:
        first = await _memory(tiers, FIRST_S)
        await tiers.edge.close()
        await tiers.edge.start()
        return {"first_start": first, "restart": await _memory(tiers, RESTARTED_S)}


async def _memory(tiers: Tiers, seconds: int) -> dict[str, Any]:
    """Looks at the process once a second, with the page open."""
    agent, looks = psutil.Process(tiers.edge.process_id), []
    async with open_page(tiers):
        for _ in range(seconds):
            await asyncio.sleep(1.0)
            looks.append(agent.memory_info().rss)
    async with tiers.session.get(f"{tiers.edge.url}/v1/sources") as reply:
        (source,) = (await reply.json())["sources"]
    async with tiers.session.get(f"{tiers.edge.url}/v1/sinks") as reply:
        sinks = (await reply.json())["sinks"]
    told = {"seconds": seconds, "resident_bytes": looks[-1], "peak_bytes": max(looks)}
    return {**told, "taken": source["taken"], "sinks": sinks}


if __name__ == "__main__":
    main()
