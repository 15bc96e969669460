"""Memory over minutes at 80 % of capacity: how much both tiers grow after their first fifth of the time.

Real processes, default options. Frames come at fixed times (open loop), as many as four clients in a closed
loop got answered, times 0.8. ``SOAK_MINUTES``: 10 by default.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from typing import Any, Final

from benchmarks.link.both_tiers import Tiers, both_tiers
from benchmarks.report import write_result

NETWORK: Final = "squeezenet1.1"
MINUTES: Final = float(os.environ.get("SOAK_MINUTES", "10"))
SHARE: Final = 0.8
TARGET: Final = 0.02
_CLIENTS: Final = 4
_CAPACITY_S: Final = 10.0
_LOOKS: Final = 60


def main() -> None:
    """Measure and write the result."""
    result = asyncio.run(_measured())
    write_result("soak", {"target": TARGET, "network": NETWORK, "minutes": MINUTES, **result})


async def _measured() -> dict[str, Any]:
    async with both_tiers(NETWORK) as tiers:
        await _capacity(tiers)  # heads and tails are built, and the link is known
        per_s = SHARE * await _capacity(tiers)
        looking = asyncio.create_task(_memory(tiers))
        failed, sent, latency_s = await _load(tiers, per_s)
        looks = await looking
    return {
        "frames_per_s": per_s,
        "frames": sent,
        "failed": failed,
        "p50_s": statistics.median(latency_s),
        "p99_s": statistics.quantiles(latency_s, n=100)[98],
        **{name: _growth(values) for name, values in looks.items()},
    }


async def _capacity(tiers: Tiers) -> float:
    """Frames a second in a closed loop."""
    end_s = time.perf_counter() + _CAPACITY_S

    async def send(first: int) -> int:
        count = 0
        while time.perf_counter() < end_s:
            await tiers.send(first + count)
            count += 1
        return count

    return sum(await asyncio.gather(*map(send, range(_CLIENTS)))) / _CAPACITY_S


async def _load(tiers: Tiers, per_s: float) -> tuple[int, int, list[float]]:
    """Failures, frames and latencies of frames at fixed times."""
    began_s, latency_s, tasks = time.perf_counter(), list[float](), set[asyncio.Task[bool]]()

    async def send(number: int) -> bool:
        started_s = time.perf_counter()
        status, _ = await tiers.send(number)
        latency_s.append(time.perf_counter() - started_s)
        return status != 200

    failed, count = 0, int(60 * MINUTES * per_s)
    for number in range(count):
        await asyncio.sleep(began_s + number / per_s - time.perf_counter())
        tasks.add(asyncio.create_task(send(number)))
        done = {task for task in tasks if task.done()}
        failed += sum(task.result() for task in done)
        tasks -= done
    return failed + sum(await asyncio.gather(*tasks)), count, latency_s


async def _memory(tiers: Tiers) -> dict[str, list[int]]:
    """Looks at both tiers, evenly over the time."""
    looks: dict[str, list[int]] = {"edge": [], "cloud": []}
    for _ in range(_LOOKS):
        await asyncio.sleep(60 * MINUTES / _LOOKS)
        looks["edge"].append(await asyncio.to_thread(tiers.edge.memory_bytes))
        looks["cloud"].append(await asyncio.to_thread(tiers.cloud.memory_bytes))
    return looks


def _growth(values: list[int]) -> dict[str, Any]:
    """From the second fifth of the time to the last one."""
    fifth = len(values) // 5
    first, last = statistics.median(values[fifth : 2 * fifth]), statistics.median(values[-fifth:])
    return {"growth": last / first - 1.0, "first_bytes": first, "last_bytes": last}


if __name__ == "__main__":
    main()
