"""Edge-to-cloud overhead on loopback: end to end less what the two tiers compute.

The gate network, cut where the fixed costs cut it, through a real agent and a real cloud tier without a
shaped link. What is left is HTTP, Ray Serve, queues and the choice of the plan. Head, tail, encoding,
decoding, preprocessing and postprocessing are the tiers' own work, and taken off.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.fixed.cases import cases
from benchmarks.fixed.frames import Seconds
from benchmarks.fixed.runs import OWN_STAGES, STAGES, Run, spent
from benchmarks.fixed.tiers import THIS_TREE, tiers
from benchmarks.report import write_result
from evosplit.cli.demo.processes import new_token

TARGET_S: Final = 0.002
FRAMES: Final = 300
WARM_UP: Final = 40


def main() -> None:
    """Measure and write the result."""
    rows = asyncio.run(_measure())
    overheads_s = [row["total_s"] - spent(row, *OWN_STAGES) for row in rows]
    median_s = statistics.median(overheads_s)
    result = {
        "overhead_p50_s": median_s,
        "overhead_p95_s": statistics.quantiles(overheads_s, n=20)[-1],
        "p50_s": {stage: statistics.median(row[stage] for row in rows) for stage in (*STAGES, "total_s")},
        "frames": len(rows),
        "target_s": TARGET_S,
    }
    write_result("overhead", result)
    print(f"overhead p50 {median_s * 1e3:.2f} ms, target {TARGET_S * 1e3:g} ms")


async def _measure() -> Sequence[Seconds]:
    case, token = next(iter(cases())), new_token()
    async with contextlib.AsyncExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="evosplit-overhead-"))
        run = Run(case, await stack.enter_async_context(tiers(THIS_TREE, Path(name), case, token)))
        await run.warm_up(WARM_UP)
        await run.round(FRAMES)
        return run.rows


if __name__ == "__main__":
    main()
