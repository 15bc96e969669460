"""Measurement of a band chart: every strategy of one network over each bandwidth, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evosplit.cli.measured.chart_plans import ChartPlans
from evosplit.cli.measured.playback import Rounds, Shots, play
from evosplit.cli.measured.tiers import Bench
from evosplit.cli.measured.timed_edge import TimedEdge
from evosplit.cli.measured.ways import Way, held_to
from evosplit.library.band_rows import PLANNED, BandRow
from evosplit.library.progress import Progress
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan


async def measure_bands(
    bench: Bench,
    edge: TimedEdge,
    plans: ChartPlans,
    links: Sequence[Link],
    rounds: Rounds,
    progress: Progress | None = None,
) -> tuple[BandRow, ...]:
    """The rows of all links, in their order."""
    rows: list[BandRow] = []
    fixed = plans.fixed_splits(links)
    for number, link in enumerate(links):
        bench.shaper.set_link(link)
        await edge.learnt(plans.teacher)
        ways = {PLANNED: held_to(await edge.settled(plans.table)), **plans.plain(link), **fixed}
        rows += _rows(link, ways, await play(edge, ways, rounds))
        if progress is not None:
            progress("measured links", number + 1, len(links))
    return tuple(rows)


def _rows(link: Link, ways: Mapping[str, Way], shots: Mapping[str, Shots]) -> list[BandRow]:
    return [_row(link, name, way.plan, shots[name]) for name, way in ways.items()]


def _row(link: Link, name: str, plan: Plan | None, taken: Shots) -> BandRow:
    sizes = [answer.wire_bytes for answer in taken.answers]
    codes = () if plan is None else tuple(code.codec or f"{code.bits} bits" for code in plan.wire.values())
    return BandRow(
        bandwidth_bps=link.bandwidth_bps,
        strategy=name,
        cut=taken.answers[0].cut_key if taken.answers else "",
        wire=", ".join(dict.fromkeys(codes)),
        latency_s=taken.latency_s,
        wire_bytes=sum(sizes) / len(sizes) if sizes else None,
        frames=len(sizes),
        missed=taken.missed,
    )
