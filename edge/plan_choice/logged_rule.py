"""Plan rule of a running agent: its state, and a log of its events where one is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from evosplit.edge.plan_choice.surroundings import Surroundings
from evosplit.shared.correction.corrected_latency import Prices
from evosplit.shared.correction.corrections import Measured
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.decision_log import Line, course_data
from evosplit.shared.device_state import DeviceState
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.plan_pin import Pin
from evosplit.shared.plan_rule import PlanRule
from evosplit.shared.situation import Situation


class LoggedRule:
    """Each event is one step of `PlanRule`; ``log`` gets it as a line."""

    def __init__(
        self,
        table: PlanTable,
        course: Course,
        surroundings: Surroundings,
        log: Callable[[Line], None] | None = None,
    ) -> None:
        self._rule = PlanRule(table, course)
        self._surroundings = surroundings
        self._log = log
        self._logged: Situation | None = None
        self._write(lambda: Line("start", table=table, course=course_data(course)))

    @property
    def course(self) -> Course:
        """What frames have told."""
        return self._rule.course

    @property
    def situation(self) -> Situation:
        """What it is like around, now."""
        return self._surroundings.now()

    def priced(self) -> Prices:
        """Corrected latencies now."""
        return self._rule.priced(self.situation)

    def wanted_under(self, table: PlanTable, pin: Pin | None) -> Plan:
        """The plan that another table, or another pin, would have used; it is not logged."""
        return self._rule.under(table).wanted(dataclasses.replace(self.situation, pin=pin))

    def wanted(self) -> Plan:
        """The plan that suits the situation."""
        situation = self._note()
        plan = self._rule.wanted(situation)
        self._write(lambda: Line("wanted", plan=plan.digest))
        return plan

    def use(self, plan: Plan) -> None:
        """A plan is in use from now on."""
        self._rule = self._rule.using(plan)
        self._write(lambda: Line("used", plan=plan.digest))

    def learn(self, seen: Measured) -> None:
        """What one frame took."""
        self._rule = self._rule.learn(seen)
        self._write(lambda: Line("learn", measured=seen))

    def see(self, reading: DeviceState) -> DeviceState:
        """What the device is like; what is made of it."""
        device = self._surroundings.see(reading)
        self._rule = self._rule.paced(self._note())
        self._write(lambda: Line("device"))
        return device

    def change_table(self, table: PlanTable) -> None:
        """Choose from other plans."""
        self._rule = self._rule.under(table)
        self._write(lambda: Line("table", table=table))

    def next_frame(self, may_try: Callable[[Plan], bool] | None) -> Plan | None:
        """The plan of one more frame; ``may_try`` says on which others it may be tried."""
        asked: dict[str, bool] = {}

        def noted(plan: Plan) -> bool:
            asked[plan.digest] = may_try is not None and may_try(plan)
            return asked[plan.digest]

        situation = self._note()
        self._rule, plan = self._rule.next_frame(situation, None if may_try is None else noted)
        chosen = None if plan is None else plan.digest
        self._write(lambda: Line("frame", plan=chosen, asked=None if may_try is None else asked))
        return plan

    def _note(self) -> Situation:
        """What it is like now, which is logged when it has changed."""
        situation = self.situation
        if self._log is not None and situation.differs(self._logged):
            self._logged = situation
            self._write(lambda: Line("situation", situation=situation))
        return situation

    def _write(self, line: Callable[[], Line]) -> None:
        if self._log is not None:
            self._log(line())
