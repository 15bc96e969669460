"""Plan tables as pieces: the plan between two bandwidths, and the faster of two tables at each of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable

_LEAST_BPS: Final = 1.0
"""Below it no prediction is made."""
_SAME_S: Final = 1e-8
"""Latencies closer than this are equal."""


@dataclass(frozen=True)
class Piece:
    """The plan between two bandwidths."""

    low_bps: float
    high_bps: float
    plan: Plan


def pieces_of(table: PlanTable, low_bps: float = 0.0, high_bps: float = math.inf) -> Iterator[Piece]:
    """The table's plans between two bandwidths, ascending."""
    edges = (0.0, *table.breakpoints_bps, math.inf)
    for (low, high), plan in zip(itertools.pairwise(edges), table.plans, strict=True):
        low, high = max(low, low_bps), min(high, high_bps)
        if low < high:
            yield Piece(low, high, plan)


def table_of(like: PlanTable, pieces: Sequence[Piece], fallback: Plan | None) -> PlanTable:
    """The table of pieces that follow one another; equal neighbours become one plan.

    Each plan is predicted for the lowest of its bandwidths, as `evosplit.planner.table` does it.
    """
    merged: list[Piece] = []
    for piece in pieces:
        if merged and merged[-1].plan.without_cost == piece.plan.without_cost:
            merged[-1] = replace(merged[-1], high_bps=piece.high_bps)
        else:
            merged.append(piece)
    lowest = min(plan.link.bandwidth_bps for plan in like.plans)
    plans = tuple(_predicted(piece, max(piece.low_bps, lowest), like.rtt_s) for piece in merged)
    breakpoints = tuple(piece.low_bps for piece in merged[1:])
    return replace(like, breakpoints_bps=breakpoints, plans=plans, fallback=fallback)


def faster_of(first: PlanTable, other: PlanTable) -> PlanTable:
    """At every bandwidth the plan of whichever table is faster there; of equals the first one's."""
    places = sorted({0.0, math.inf, *first.breakpoints_bps, *other.breakpoints_bps})
    pieces: list[Piece] = []
    for low, high in itertools.pairwise(places):
        mine, others = (next(pieces_of(table, low, high)).plan for table in (first, other))
        crossing = _crossing_bps(mine, others, first.rtt_s)
        within = [crossing] if crossing is not None and low < crossing < high else []
        for start, stop in itertools.pairwise([low, *within, high]):
            middle = Link(_middle(start, stop), first.rtt_s)
            is_mine = mine.latency_at(middle).total_s <= others.latency_at(middle).total_s
            pieces.append(Piece(start, stop, mine if is_mine else others))
    return table_of(
        first, pieces, first.fallback if _is_faster(first.fallback, other.fallback) else other.fallback
    )


def _is_faster(plan: Plan | None, other: Plan | None) -> bool:
    if plan is None or other is None:
        return other is None
    return plan.latency.total_s <= other.latency.total_s


def _crossing_bps(plan: Plan, other: Plan, rtt_s: float) -> float | None:
    """Where two plans take equally long: their latencies are A + B / bandwidth."""
    fixed, slope = _line(plan, rtt_s)
    other_fixed, other_slope = _line(other, rtt_s)
    if fixed == other_fixed or slope == other_slope:
        return None
    return (slope - other_slope) / (other_fixed - fixed)


def _line(plan: Plan, rtt_s: float) -> tuple[float, float]:
    fixed = plan.latency_at(Link(math.inf, rtt_s)).total_s
    return fixed, plan.latency_at(Link(1.0, rtt_s)).total_s - fixed


def _middle(low: float, high: float) -> float:
    """Some bandwidth between two."""
    low = max(low, _LEAST_BPS)
    return 2 * low if math.isinf(high) else math.sqrt(low * high)


def _predicted(piece: Piece, bandwidth_bps: float, rtt_s: float) -> Plan:
    link = Link(bandwidth_bps, rtt_s)
    return replace(piece.plan, link=link, latency=piece.plan.latency_at(link))


def is_faster_within(piece: Piece, table: PlanTable) -> bool:
    """Whether a piece's plan is faster than the table's at some of its bandwidths.

    Both are lines over 1 / bandwidth between two of the table's bandwidths, so that the ends of each decide.
    """
    ours = _line(piece.plan, table.rtt_s)
    return any(
        _seconds(ours, bandwidth) < _seconds(_line(theirs.plan, table.rtt_s), bandwidth) - _SAME_S
        for theirs in pieces_of(table, piece.low_bps, piece.high_bps)
        for bandwidth in (theirs.low_bps, theirs.high_bps)
    )


def _seconds(line: tuple[float, float], bandwidth_bps: float) -> float:
    return line[0] + line[1] / max(bandwidth_bps, _LEAST_BPS)
