"""Re-plan rule: the next plan of a table, from the estimated link and the plan in use. Pure.

Near a breakpoint two plans take nearly the same time, so that holding on to the one in use costs next to
nothing there; a plan is left at once only for one that is clearly faster. What a smaller gain adds up to over
frames is owed (a cumulative sum, as CUSUM charts have it), and leads to the change once it is due.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

from evosplit.shared.link import LinkOf
from evosplit.shared.plan import Plan, PlanTable

RELATIVE_GAIN: Final = 0.1
"""A change at once must be predicted to save at least this share of the latency ..."""

ABSOLUTE_GAIN_S: Final = 1e-3
"""... and at least this many seconds."""

DUE: Final = 0.2
"""A change is due when what it would have saved since it was first seen is this share of one latency ..."""

NEGLIGIBLE_GAIN: Final = 0.01
"""... not counting this share a frame, which is no reason to change."""

Price: TypeAlias = Callable[[Plan], float]
"""Seconds of a plan over the link as it is now."""


def replan(
    table: PlanTable, links: LinkOf, current: Plan | None, price: Price | None = None, owed: float = 0.0
) -> Plan:
    """The plan for the next frame, by ``price`` or else as predicted.

    The table is optimal over bandwidth at the round trip it was made for; the links' own round trips decide
    here, so that every plan (and the fallback, which needs no link) is priced again: O(plans). ``owed`` is
    what frames have added up to (`owing`).
    """
    price = price or predicted(links)
    candidate = fastest(table, links, price)
    if current is None or current not in choices(table):
        return candidate
    current_s = price(current)
    gain_s = current_s - price(candidate)
    is_clear = gain_s > max(RELATIVE_GAIN * current_s, ABSOLUTE_GAIN_S)
    return candidate if is_clear or (owed > DUE and gain_s > 0) else current


def fastest(table: PlanTable, links: LinkOf, price: Price | None = None) -> Plan:
    """The plan of the least latency; of equals, the one of the highest bandwidths."""
    return min(reversed(choices(table)), key=price or predicted(links))


def predicted(links: LinkOf) -> Price:
    """What plans themselves predict."""
    return lambda plan: plan.latency_at(links.of(plan.cloud)).total_s


def owing(owed: float, current_s: float, best_s: float) -> float:
    """What is owed after one more frame that took ``current_s`` where ``best_s`` was possible."""
    return max(0.0, owed + (current_s - best_s) / current_s - NEGLIGIBLE_GAIN) if current_s > 0 else 0.0


def choices(table: PlanTable) -> tuple[Plan, ...]:
    """The plans of the table, the fallback first where there is one."""
    return table.plans if table.fallback is None else (table.fallback, *table.plans)


def narrowed(table: PlanTable, kept: Sequence[Plan]) -> PlanTable:
    """The table with these plans alone; the fallback stays one if it is among them."""
    fallback = table.fallback if table.fallback in kept else None
    plans = tuple(plan for plan in kept if plan is not fallback)
    return dataclasses.replace(table, breakpoints_bps=(), plans=plans, fallback=fallback)


def reachable(table: PlanTable, away: Collection[str]) -> PlanTable:
    """The table without the plans of clouds that are ``away``; all of it where nothing would remain."""
    if not away:
        return table
    kept = [plan for plan in choices(table) if not plan.boundary or plan.cloud not in away]
    is_split = any(plan.boundary for plan in kept)
    return narrowed(table, kept) if is_split and len(kept) < len(choices(table)) else table
