"""Which plan of a table to use next: a pure rule over the table, the link as estimated, and the plan in use.

Near a breakpoint two plans take nearly the same time, so that holding on to the one in use costs next to
nothing there; a plan is left only for one that is clearly faster. That is all the hysteresis it takes.
"""

from __future__ import annotations

from typing import Final

from shared.link import Link
from shared.plan import Plan, PlanTable

RELATIVE_GAIN: Final = 0.1
"""A change must be predicted to save at least this share of the latency ..."""

ABSOLUTE_GAIN_S: Final = 1e-3
"""... and at least this many seconds."""


def replan(table: PlanTable, link: Link, current: Plan | None) -> Plan:
    """The plan for the next frame.

    The table is optimal over bandwidth at the round trip it was made for; the link's own round trip decides
    here, so that every plan (and the fallback, which needs no link) is priced again: O(plans).
    """
    candidate = fastest(table, link)
    if current is None or current not in choices(table):
        return candidate
    current_s = current.latency_at(link).total_s
    gain_s = current_s - candidate.latency_at(link).total_s
    return candidate if gain_s > max(RELATIVE_GAIN * current_s, ABSOLUTE_GAIN_S) else current


def fastest(table: PlanTable, link: Link) -> Plan:
    """The plan with the least predicted latency; of equals, the one of the highest bandwidths."""
    return min(reversed(choices(table)), key=lambda plan: plan.latency_at(link).total_s)


def choices(table: PlanTable) -> tuple[Plan, ...]:
    """The plans of the table, the fallback first where there is one."""
    return table.plans if table.fallback is None else (table.fallback, *table.plans)
