"""Measured latency of plans against their prediction and every single strategy, on shaped links.

An edge slowed by 8, 20 and 50 (it waits in proportion) without integer units, a cloud tier under Ray Serve, a
shaped link between them. The plan is the agent's: it measures itself, gets the table that the plan service
makes, learns each link by probes and frames, and picks by its own rule, corrected by what its frames take;
the prediction is that plan's on the link as learnt, without corrections. Then frames of every strategy take
turns, so that noise meets all alike, and the least median of three stretches counts, for the profiles as for
the cells. The strategies are those of the band chart (`evosplit compare --measured`) with the best predicted
split of the link, and at the smallest slowdown the published planners'. The edge is the agent's own engine in
this process (preparation, head, encoding, HTTP client), without its HTTP face and its result store; the cloud
is `evosplit cloud` as it is. Latency is from the frame's pixels to its outcome. Plans may cost as much
accuracy as the agent's JPEG does on pictures that judge both; ``agrees`` says on others how many of the float
network's answers stay.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from benchmarks.cells.answer_agreement import jpeg_agrees, plan_agrees
from benchmarks.cells.inputs import PICTURES, Network, network
from benchmarks.cells.predictions import Known, baselines, known_of, measured
from benchmarks.cells.report_rows import is_split, line, row
from benchmarks.report import write_result
from evosplit.cli.measured.device_pair import Pair
from evosplit.cli.measured.playback import Rounds, play
from evosplit.cli.measured.tiers import Bench, ServedModel, bench
from evosplit.cli.measured.timed_edge import Played, TimedEdge
from evosplit.cli.measured.ways import Way, held_to
from evosplit.library.band_rows import PLANNED
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.plan import Plan
from evosplit.shared.replan import choices

BANDWIDTHS_BPS: Final = (0.5e6, 2e6, 8e6, 32e6)
LINKS: Final = tuple(Link(bandwidth_bps, 0.02) for bandwidth_bps in BANDWIDTHS_BPS)
SLOWDOWNS: Final = (8.0, 20.0, 50.0)
ROUNDS: Final = Rounds(seconds=2.0, fewest=5)
TARGETS: Final = {"prediction_within": 0.15, "of_best": 1.05}


def main() -> None:
    """Measure all cells and write the result."""
    started_s = time.perf_counter()
    cells = asyncio.run(_all(tuple(PICTURES)))
    splits = sum(cell["split_is_best"] for cell in cells)
    result = {
        "targets": TARGETS,
        "rtt_s": LINKS[0].rtt_s,
        "slowdowns": SLOWDOWNS,
        "cells_in_all": len(cells),
        "within_prediction": sum(abs(cell["off"]) <= TARGETS["prediction_within"] for cell in cells),
        "at_best": sum(cell["to_best"] <= TARGETS["of_best"] for cell in cells),
        "split_is_best": splits,
        "share_of_splits": splits / len(cells),
        "wall_s": time.perf_counter() - started_s,
        "cells": cells,
    }
    write_result("measured_cells", result)


async def _all(names: tuple[str, ...]) -> list[dict[str, Any]]:
    networks = [network(name) for name in names]
    served = [ServedModel(each.model, each.card_file) for each in networks]
    async with bench(served, LINKS[-1]) as running:
        return [cell for each in networks for cell in await _network(each, running)]


async def _network(each: Network, running: Bench) -> list[dict[str, Any]]:
    """All slowdowns and bandwidths of one network."""
    here = await asyncio.to_thread(measured, each, this_machine().cores)
    agrees = {"": await asyncio.to_thread(jpeg_agrees, each)}
    cells = []
    for slowdown in SLOWDOWNS:
        known = await asyncio.to_thread(known_of, here, slowdown, LINKS[0].rtt_s)
        others = [_single(known, link) for link in LINKS]
        plans = [way.plan for ways in others for way in ways.values() if way.plan is not None]
        played = Played(each.graph, each.card, each.frames)
        with running.edge(played, Pair(slowdown), [*choices(known.table), *plans]) as edge:
            for link, ways in zip(LINKS, others, strict=True):
                running.shaper.set_link(link)
                cell, plan = await _cell(known, link, ways, edge)
                if plan.digest not in agrees:
                    agrees[plan.digest] = await asyncio.to_thread(plan_agrees, each, plan)
                cell["agrees"] = {PLANNED: agrees[plan.digest], "cloud-jpeg of the agent": agrees[""]}
                cells.append(cell)
                print(line(cell), file=sys.stderr, flush=True)
    return cells


def _single(known: Known, link: Link) -> dict[str, Way]:
    """Every single strategy over one link, and at the smallest slowdown the published planners' choices."""
    chosen = baselines(known, link) if known.edge.slowdown == SLOWDOWNS[0] else {}
    published = {name: held_to(plan) for name, plan in chosen.items()}
    return {**known.plans.plain(link), **known.plans.fixed_splits([link]), **published}


async def _cell(
    known: Known, link: Link, ways: Mapping[str, Way], edge: TimedEdge
) -> tuple[dict[str, Any], Plan]:
    """The cell, and the plan of the agent's choice."""
    learnt = await edge.learnt(known.plans.teacher)
    ours = await edge.settled(known.table)
    every = {PLANNED: held_to(ours), **ways}
    cell = row(known, link.bandwidth_bps, ours, learnt, await play(edge, every, ROUNDS))
    fastest = every[cell["best"]].plan if cell["to_best"] > 1 else ours
    cell["split_is_best"] = fastest is not None and is_split(fastest)
    return cell, ours


if __name__ == "__main__":
    main()
