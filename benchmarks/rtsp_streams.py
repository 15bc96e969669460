"""Four RTSP cameras of 1080p at ten pictures a second: what is left out, and how old results are.

A real RTSP server, both tiers as processes with default options, all on this machine: decoding, network and
cloud share its cores. A result's age counts from the moment at which the camera sent its picture to the
moment at which a reader of ``GET /v1/events`` has the result, in pictures of the camera.
"""

from __future__ import annotations

import asyncio
import collections
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.cells.inputs import SHARED
from benchmarks.link.both_tiers import Tiers, both_tiers
from benchmarks.link.rtsp_cameras import LOOP, PER_S, SIZE, Cameras, rtsp_cameras, shown_number
from benchmarks.report import write_result

NETWORK: Final = "squeezenet1.1"
CAMERAS: Final = ("north", "east", "south", "west")
TARGETS: Final = {"queued": 0, "age_frames": 2}
WARM_UP_S: Final = 15.0
MEASURED_S: Final = 40.0


def main() -> None:
    """Measure and write the result."""
    with (
        tempfile.TemporaryDirectory(prefix="evosplit-rtsp-") as name,
        rtsp_cameras(CAMERAS, a_photograph(), Path(name) / "units") as cameras,
    ):
        result = asyncio.run(_measured(cameras))
    write_result("rtsp_streams", {"targets": TARGETS, "network": NETWORK, **result})


def a_photograph() -> Path:
    """What the cameras see."""
    kinds = {".jpg", ".jpeg", ".png"}
    return min(path for path in (SHARED / "data" / "imagenet").rglob("*") if path.suffix.lower() in kinds)


async def _measured(cameras: Cameras) -> dict[str, Any]:
    options = [part for name, at in cameras.addresses.items() for part in ("--source", f"{name}={at}")]
    async with both_tiers(NETWORK, options) as tiers:
        await asyncio.sleep(WARM_UP_S)
        offsets = await _offsets(tiers)
        before, started_s = await _states(tiers), time.time()
        seen = await _seen(tiers, started_s + MEASURED_S)
        after, ended_s = await _states(tiers), time.time()
        if await _offsets(tiers) != offsets:
            raise SystemExit("pictures were lost between camera and agent, so that ages cannot be told")
    changes = {name: {key: after[name][key] - before[name][key] for key in before[name]} for name in before}
    return {
        "size": SIZE,
        "pictures_per_s": PER_S,
        "seconds": MEASURED_S,
        "sent": {name: sum(started_s < at < ended_s for at in cameras.pushed_at_s[name]) for name in CAMERAS},
        "sources": changes,
        **_ages(seen, cameras, offsets),
    }


async def _states(tiers: Tiers) -> dict[str, dict[str, int]]:
    """Counts of each source since the start."""
    async with tiers.session.get(f"{tiers.edge.url}/v1/sources") as reply:
        sources = (await reply.json())["sources"]
    counts = ("taken", "left_out", "failed", "openings")
    return {source["name"]: {key: source[key] for key in counts} for source in sources}


async def _offsets(tiers: Tiers) -> dict[str, int]:
    """How many pictures of each camera the agent left out before its first: by what its preview shows."""
    offsets = {}
    for name in CAMERAS:
        async with tiers.session.get(f"{tiers.edge.url}/v1/streams/{name}/picture") as reply:
            region = [float(side) for side in reply.headers["X-Evosplit-Region"].split(",")]
            number = int(reply.headers["X-Evosplit-Frame-Id"].rpartition(":")[2])
            offsets[name] = (shown_number(await reply.read(), region) - number) % LOOP
    return offsets


async def _seen(tiers: Tiers, end_s: float) -> list[tuple[float, dict[str, Any]]]:
    """Results as they arrive, with their Unix times."""
    seen = []
    async with tiers.session.get(f"{tiers.edge.url}/v1/events") as reply:
        async for line in reply.content:
            if time.time() > end_s:
                break
            if line.startswith(b"data: "):
                seen.append((time.time(), json.loads(line[6:])["result"]))
    return seen


def _ages(
    seen: list[tuple[float, dict[str, Any]]], cameras: Cameras, offsets: dict[str, int]
) -> dict[str, Any]:
    ages, waited_s = [], []
    for at_s, result in seen:
        stream = result["stream"]
        number = int(result["frame_id"].rpartition(":")[2]) + offsets[stream]
        ages.append((at_s - cameras.pushed_at_s[stream][number]) * PER_S)
        waited_s.append(result["breakdown"]["queue_s"])
    return {
        "results": len(seen),
        "answered_by": dict(collections.Counter(result["answered_by"] for _, result in seen)),
        "age_frames_p50": statistics.median(ages),
        "age_frames_p99": statistics.quantiles(ages, n=100)[98],
        "age_frames_longest": max(ages),
        "queue_s_longest": max(waited_s),
        "total_s_p50": statistics.median(result["breakdown"]["total_s"] for _, result in seen),
    }


if __name__ == "__main__":
    main()
