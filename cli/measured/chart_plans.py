"""Plans of a band chart: the table that is served, and the single strategies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from evosplit.cli.measured.ways import Way, plain_ways, plans_of, split_ways
from evosplit.planner.accuracy_promise import Promise
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.drop.pictures import admitted
from evosplit.planner.problem import Problem
from evosplit.planner.table_promise import keep_table
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices

MOST_SPLITS: Final = 4
"""Fixed splits that are tried: each takes its turn in every round."""


@dataclass(frozen=True)
class ChartPlans:
    """The table that is served, and what the single strategies go by.

    ``problem`` offers the pictures that keep the promise. Of ``splits`` every plan is a true one (0 < cut <
    all); None where the limits leave none.
    """

    problem: Problem
    table: PlanTable
    splits: PlanTable | None

    def plain(self, link: Link) -> dict[str, Way]:
        """The single strategies without a split, over one link."""
        return plain_ways(self.problem, self.table, link)

    def fixed_splits(self, links: Sequence[Link], most: int = MOST_SPLITS) -> dict[str, Way]:
        """The true splits that are the best predicted over some of these links; at most so many."""
        return {} if self.splits is None else split_ways(self.splits, links, most)

    def every_plan(self, links: Sequence[Link], most: int = MOST_SPLITS) -> list[Plan]:
        """The table's plans, and what single strategies need over these links."""
        plain = [plan for link in links for plan in plans_of(self.plain(link))]
        return [*choices(self.table), *plain, *plans_of(self.fixed_splits(links, most))]

    @property
    def teacher(self) -> Plan | None:
        """The plan of fewest bytes that sends any: its frames show what a request takes beside them."""
        sending = [plan for plan in self.table.plans if plan.wire_bytes]
        return min(sending, key=lambda plan: plan.wire_bytes, default=None)


def chart_plans(problem: Problem, table: PlanTable, promise: Promise, judge: Judge | None) -> ChartPlans:
    """The single strategies under the same promise as the table. Raises as `keep_table`."""
    offered = problem
    if judge is not None and promise.max_drop is not None:
        offered = admitted(problem, judge, promise.max_drop)
    return ChartPlans(offered, table, _true_splits(problem, promise, judge))


def _true_splits(problem: Problem, promise: Promise, judge: Judge | None) -> PlanTable | None:
    """The table of plans that run a layer on either side."""
    last = problem.graph.layers[-1].name
    pinned = {**problem.limits.pinned, last: "cloud"}
    limits = replace(problem.limits, min_depth=max(1, problem.limits.min_depth), pinned=pinned)
    try:
        return keep_table(replace(problem, limits=limits), promise, judge)[0]
    except InfeasibleError:
        return None
