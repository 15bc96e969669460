"""Fixed costs of a frame: its time beside network and link, stage by stage, in the agent and in the cloud.

Each case is one network with one split, sent in a closed loop over loopback. ``BASELINE_TREE`` names another
source tree, whose tiers then take turns with this one's, so that a busy machine meets both alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.fixed.cases import Case, cases
from benchmarks.fixed.runs import Run
from benchmarks.fixed.table import table
from benchmarks.fixed.tiers import THIS_TREE, tiers
from benchmarks.report import write_result
from evosplit.cli.demo.processes import new_token

ROUNDS: Final = 30
FRAMES: Final = 8
WARM_UP: Final = 40
BASELINE: Final = "BASELINE_TREE"


def main() -> None:
    """Measure, write the result and print the table."""
    trees = {"now": THIS_TREE}
    if os.environ.get(BASELINE):
        trees["before"] = Path(os.environ[BASELINE]).resolve()
    measured = {case.title: asyncio.run(_measure(case, trees)) for case in cases()}
    write_result("fixed_costs", {"frames": ROUNDS * FRAMES, "cases": measured})
    print(table(measured))


async def _measure(case: Case, trees: Mapping[str, Path]) -> dict[str, Any]:
    token = new_token()
    async with contextlib.AsyncExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="evosplit-fixed-"))
        runs = {
            label: Run(case, await stack.enter_async_context(tiers(tree, Path(name) / label, case, token)))
            for label, tree in trees.items()
        }
        for run in runs.values():
            await run.warm_up(WARM_UP)
        for _ in range(ROUNDS):
            for run in runs.values():
                await run.round(FRAMES)
        return {label: run.summary() for label, run in runs.items()}


if __name__ == "__main__":
    main()
