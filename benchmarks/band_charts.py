"""Band charts of `docs/when-to-split.md`: latency over bandwidth of every strategy, and who wins where.

Played as `evosplit compare --measured` does it; plans may cost as much accuracy as the agent's JPEG strategy.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.cells.inputs import network
from benchmarks.cells.predictions import Measured, known_of, measured
from benchmarks.report import write_result
from evosplit.cli.measured.band_run import measure_bands
from evosplit.cli.measured.device_pair import Pair
from evosplit.cli.measured.playback import Rounds
from evosplit.cli.measured.tiers import Bench, ServedModel, bench
from evosplit.cli.measured.timed_edge import Played
from evosplit.library.bands import BandReport
from evosplit.library.plots.figure import file_axes, save_axes
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
RTT_S: Final = 0.02
LINKS: Final = tuple(Link(2.0**power * 1e6, RTT_S) for power in range(-2, 6))
ROUNDS: Final = Rounds(seconds=3.0, fewest=5)


@dataclass(frozen=True)
class Case:
    """One chart: a network and two devices."""

    model: str
    slowdown: float
    speedup: float = 1.0
    integers: bool = False

    @property
    def file(self) -> Path:
        """Where the chart goes."""
        faster = "" if self.speedup == 1 else f"-cloud-{self.speedup:g}"
        narrow = "-integers" if self.integers else ""
        return IMAGES / f"bands-{self.model}-{self.slowdown:g}{faster}{narrow}.png"


CASES: Final = (
    Case("mobilenetv2", 8),
    Case("mobilenetv2", 20),
    Case("mobilenetv2", 50, speedup=4),
    Case("mobilenetv2", 20, integers=True),
    Case("squeezenet1.1", 20),
)


def main() -> None:
    """Measure and draw all charts, and write the result."""
    started_s = time.perf_counter()
    reports = asyncio.run(_all())
    charts = [report.to_dict() for report in reports]
    write_result("band_charts", {"wall_s": time.perf_counter() - started_s, "charts": charts})


async def _all() -> list[BandReport]:
    networks = {name: network(name) for name in dict.fromkeys(case.model for case in CASES)}
    served = [ServedModel(each.model, each.card_file) for each in networks.values()]
    async with bench(served, LINKS[-1]) as running:
        known = {}
        for key in dict.fromkeys((case.model, case.integers) for case in CASES):
            model, integers = key
            known[key] = await asyncio.to_thread(measured, networks[model], this_machine().cores, integers)
        return [await _chart(case, known[case.model, case.integers], running) for case in CASES]


async def _chart(case: Case, here: Measured, running: Bench) -> BandReport:
    each = here.network
    known = await asyncio.to_thread(known_of, here, case.slowdown, RTT_S, case.speedup)
    played, pair = Played(each.graph, each.card, each.frames), Pair(case.slowdown, case.speedup)
    with running.edge(played, pair, known.plans.every_plan(LINKS)) as edge:
        rows = await measure_bands(running, edge, known.plans, LINKS, ROUNDS)
    report = BandReport(case.model, case.slowdown, case.speedup, RTT_S, case.integers, rows)
    print(report, file=sys.stderr, flush=True)
    IMAGES.mkdir(exist_ok=True)
    save_axes(report.plot(file_axes()), case.file)
    return report


if __name__ == "__main__":
    main()
