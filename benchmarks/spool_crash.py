"""Agent killed (SIGKILL) with 500 spooled frames: each is answered once. Real processes, default options.

The cloud is killed, 500 frames are to wait for it, the agent is killed and started again offline; the cloud
comes back, and the agent is killed once more while it sends. ``QUICK=1``: 50 frames.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from typing import Any, Final

from benchmarks.link.both_tiers import Tiers, both_tiers
from benchmarks.report import write_result

NETWORK: Final = "squeezenet1.1"
FRAMES: Final = 50 if os.environ.get("QUICK") else 500
_SENDERS: Final = 8
_LIMIT_S: Final = 300.0
_PAGE: Final = 1000


def main() -> None:
    """Measure and write the result."""
    result = asyncio.run(_measured())
    write_result("spool_crash", {"target": "every frame answered once", "network": NETWORK, **result})


async def _measured() -> dict[str, Any]:
    async with both_tiers(NETWORK, ("--no-hooks",)) as tiers:
        await tiers.send(0)
        strategy = await _strategy(tiers)
        await tiers.cloud.kill()
        kept = await _spooled(tiers, strategy)
        await tiers.edge.kill()
        restart_s = await tiers.edge.start()
        waiting = await _waiting(tiers)
        await tiers.cloud.start()
        back_s = time.perf_counter()
        await _until_waiting(tiers, FRAMES // 2)
        await tiers.edge.kill()
        await tiers.edge.start()
        await _until_waiting(tiers, 0)
        answered_s = time.perf_counter() - back_s
        answers = await _answers(tiers)
    counts = Counter(frame_id for frame_id, _ in answers)
    return {
        "frames": FRAMES,
        "strategy": strategy,
        "kept": kept,
        "waiting_after_the_first_kill": waiting,
        "restart_s": restart_s,
        "answered_within_s": answered_s,
        "answered": len(counts),
        "answered_twice": sum(count > 1 for count in counts.values()),
        "answered_by": dict(Counter(by for _, by in answers)),
        "lost": FRAMES - len(counts),
    }


async def _strategy(tiers: Tiers) -> str:
    """The first plan of the table that sends anything, so that frames have to wait; else a JPEG."""
    async with tiers.session.get(f"{tiers.edge.url}/v1/plan") as reply:
        plans = (await reply.json())["table"]["plans"]
    return next((f"cut:{plan['cut_key']}" for plan in plans if plan["wire_bytes"]), "cloud-jpeg")


async def _spooled(tiers: Tiers, strategy: str) -> int:
    """How many of the frames the agent took to answer later."""
    numbers = iter(range(FRAMES))

    async def send() -> int:
        taken = 0
        for number in numbers:
            status, _ = await tiers.send(number, frame_id=f"late-{number}", wait="later", strategy=strategy)
            taken += status == 202
        return taken

    return sum(await asyncio.gather(*(send() for _ in range(_SENDERS))))


async def _waiting(tiers: Tiers) -> int:
    async with tiers.session.get(f"{tiers.edge.url}/metrics") as reply:
        lines = (await reply.text()).splitlines()
    return int(sum(float(line.split()[1]) for line in lines if line.startswith("evosplit_spool_frames")))


async def _until_waiting(tiers: Tiers, count: int) -> None:
    end_s = time.perf_counter() + _LIMIT_S
    while await _waiting(tiers) > count:
        if time.perf_counter() > end_s:
            raise SystemExit(f"{await _waiting(tiers)} frames still wait for the cloud")
        await asyncio.sleep(0.05)


async def _answers(tiers: Tiers) -> list[tuple[str, str]]:
    """Frame and who answered, of every result of a frame that waited."""
    url, asked = f"{tiers.edge.url}/v1/results", {"limit": f"{_PAGE}"}
    async with tiers.session.get(url, params=asked) as reply:
        page = await reply.json()
    results = [result for result in page["results"] if result["frame_id"].startswith("late-")]
    return [(result["frame_id"], result["answered_by"]) for result in results]


if __name__ == "__main__":
    main()
