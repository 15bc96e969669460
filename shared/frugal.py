"""Frugal plans: on battery, or on a hot device, the least energy of the edge that is fast enough. Pure.

The energy is that of the processor while it computes and of the radio while it sends. The figures are of the
order of a single-board computer's core and of Wi-Fi (Huang et al., MobiSys 2012, table 4: 283 mW a Mbit/s and
133 mW beside that); only their ratio matters, as plans are compared with each other.
"""

from __future__ import annotations

from typing import Final

from evosplit.shared.correction.corrected_latency import Prices
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices, narrowed

PROCESSOR_W: Final = 2.5
RADIO_J_PER_BIT: Final = 283.17e-9
RADIO_W: Final = 0.133
SLOWER: Final = 1.5
"""Without a latency that is asked for, a plan may take so many times the fastest one's."""
ALIKE: Final = 1.1
"""Plans within this factor of the least energy are as good: the fastest of them serves."""
STAYS: Final = 1.25
"""The plan in use stays within this factor of it, and of the latency that is asked for."""


def frugal(table: PlanTable, priced: Prices, current: Plan | None, max_latency_s: float | None) -> PlanTable:
    """The plans of the least energy among those that are fast enough; all plans where none is."""
    plans = choices(table)
    fastest_s = min(map(priced, plans))
    limit_s = SLOWER * fastest_s if max_latency_s is None else max_latency_s
    fast = [plan for plan in plans if priced(plan) <= (STAYS if plan == current else 1.0) * limit_s]
    if not fast:
        return table
    least_j = min(energy_j(plan, priced) for plan in fast)
    kept = [
        plan for plan in fast if energy_j(plan, priced) <= (STAYS if plan == current else ALIKE) * least_j
    ]
    return narrowed(table, kept)


def energy_j(plan: Plan, priced: Prices) -> float:
    """Joules of the edge for one frame."""
    bits = 8 * plan.reach * plan.wire_share * plan.wire_bytes
    sending_s = bits / priced.links.of(plan.cloud).bandwidth_bps
    return PROCESSOR_W * priced.edge_seconds(plan) + RADIO_J_PER_BIT * bits + RADIO_W * sending_s
