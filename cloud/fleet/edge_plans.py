"""Plans of one edge: those that were made for it, and whether a bundle for many fits it, too. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from evosplit.cloud.plan_service import PlanRequest
from evosplit.shared.expectation import NOTHING_SPARED
from evosplit.shared.graph import Graph
from evosplit.shared.plan import PlanTable
from evosplit.shared.replan import choices
from evosplit.shared.serial import digest


@dataclass(frozen=True)
class OwnPlans:
    """The bundle that was made for an edge, and what for; ``is_left`` while it has another one."""

    asked: str
    bundle: str
    is_left: bool = False


def asked_digest(request: PlanRequest) -> str:
    """The digest of what an edge asks for, whatever its link and its hooks just do."""
    return digest(dataclasses.replace(request, rtt_s=0.0, expectation=NOTHING_SPARED))


def fits(graph: Graph, table: PlanTable, request: PlanRequest) -> bool:
    """Whether an edge may run every plan of a table: its memory, what may leave it, what it knows to do."""
    limits = request.limits
    plans = [*choices(table), *([] if table.fallback is None else [table.fallback])]
    memory, inputs = limits.memory_bytes, set(graph.inputs)
    is_small = memory is None or all(plan.edge_memory_bytes <= memory for plan in plans)
    keeps_inputs = limits.min_depth == 0 or not any(inputs & set(plan.boundary) for plan in plans)
    codes = [code for plan in plans for code in plan.wire.values()]
    is_known = request.restores or not any(code.restoration for code in codes)
    is_known &= request.profile.transform_s_per_mac is not None or not any(code.transform for code in codes)
    return is_small and keeps_inputs and is_known
