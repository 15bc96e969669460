"""Plan rule: the state of the choice of plans, and its step at each event. Pure: it can be replayed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from evosplit.shared.correction.corrected_latency import Prices
from evosplit.shared.correction.corrections import Measured
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices, fastest, replan
from evosplit.shared.situation import Situation


@dataclass(frozen=True, eq=False)
class PlanRule:
    """``table`` has the plans that are trusted, ``current`` is the one in use (None before the first)."""

    table: PlanTable
    course: Course
    current: Plan | None = None

    def priced(self, situation: Situation) -> Prices:
        """Corrected latencies of all plans."""
        return situation.priced(self.course, self.current)

    def wanted(self, situation: Situation) -> Plan:
        """The plan that suits the situation."""
        priced = self.priced(situation)
        usable = situation.usable(self.table, priced, self.current)
        return replan(usable, situation.links, self.current, priced, self.course.owed)

    def using(self, plan: Plan) -> PlanRule:
        """With another plan in use, or the first one."""
        course = self.course.changed() if self.current is not None else self.course
        return dataclasses.replace(self, current=plan, course=course)

    def learn(self, seen: Measured) -> PlanRule:
        """After what one frame took."""
        return PlanRule(self.table, self.course.learn(seen), self.current)

    def paced(self, situation: Situation) -> PlanRule:
        """After a reading of the device."""
        return dataclasses.replace(self, course=self.course.paced(situation.device.slowdown))

    def under(self, table: PlanTable) -> PlanRule:
        """With other plans to choose from."""
        return dataclasses.replace(self, table=table, course=self.course.under(choices(table)))

    def next_frame(
        self, situation: Situation, may_try: Callable[[Plan], bool] | None
    ) -> tuple[PlanRule, Plan | None]:
        """The plan of one more frame: the one in use, or one that is tried. ``may_try`` is asked of few."""
        if self.current is None:
            return self, None
        priced = self.priced(situation)
        table = situation.usable(self.table, priced, self.current)
        best, others = fastest(table, situation.links, priced), choices(table)
        usable = None if may_try is None else lambda plan: plan in others and may_try(plan)
        course, plan = self.course.next_frame(priced, self.current, best, usable)
        return PlanRule(self.table, course, self.current), plan
