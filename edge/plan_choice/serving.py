"""Serving state of one plan table, as values: replaced between two frames, never changed."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from evosplit.edge.head.steps import Head
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.plan_choice.trusted_plans import trusted
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices


@dataclass(frozen=True)
class EdgeModel:
    """The network as the edge knows it; the card is completed, or None where only tensors are taken."""

    graph: Graph
    card: Card | None
    table: PlanTable


@dataclass(frozen=True, eq=False)
class Route:
    """How one frame goes: under a plan, through its head.

    Without ``asks_hooks`` the whole head runs. An ``is_extra`` frame is not of its stream: it goes whole, and
    the stream's deltas go on beside it.
    """

    plan: Plan
    head: Head
    asks_hooks: bool = True
    is_extra: bool = False


@dataclass(frozen=True, eq=False)
class Serving:
    """The network with its plan table, the heads of the same bundle, and the plan of the next frame.

    A frame keeps the value that it began with to its end, so that a plan never meets another bundle's heads.
    ``distrusted`` are digests of plans that broke their promise, ``safe_plan`` is a plan that cannot.
    """

    model: EdgeModel
    heads: Heads
    current: tuple[Plan, Head] | None = None
    distrusted: frozenset[str] = frozenset()
    safe_plan: Plan | None = None

    @functools.cached_property
    def trusted(self) -> PlanTable:
        """The table without the plans that broke their promise."""
        return trusted(self.model.table, self.distrusted, self.safe_plan)

    def by_need(self) -> list[Plan]:
        """Every plan of the table: the one in use, the fallback, then the nearest to the one in use."""
        plans, fallback = choices(self.model.table), self.model.table.fallback
        used = self.current[0] if self.current else None
        place = plans.index(used) if used in plans else 0
        return sorted(
            plans, key=lambda plan: (plan != used, plan != fallback, abs(plans.index(plan) - place))
        )
