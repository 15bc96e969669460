"""The plan in use and its head: changed by one reference between two frames."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence

from edge.head.build import Heads
from edge.head.steps import Head
from edge.hooks.hook import Hook
from edge.trim import trim_memory
from shared.correction.corrections import corrections_of
from shared.correction.course import Course
from shared.correction.measured import Measured
from shared.correction.prices import Prices
from shared.link import Link
from shared.plan import Plan, PlanTable
from shared.replan import choices, fastest, replan


class PlanInUse:
    """Follows link and device through a plan table; ``link`` is asked for the link as it is estimated now.

    ``course`` starts with what frames of earlier runs took; without one the predictions stand.
    """

    def __init__(
        self, table: PlanTable, heads: Heads, link: Callable[[], Link], course: Course | None = None
    ) -> None:
        self._table = table
        self._link = link
        self.course = course or Course(corrections_of(choices(table)), learns=False)
        self.heads = heads
        self.current: tuple[Plan, Head] | None = None
        self.plan_changes = 0

    @property
    def plan(self) -> Plan | None:
        """The plan of the next frame; None before `start`."""
        return self.current[0] if self.current else None

    async def start(self) -> None:
        """Build the head of the plan that suits the link now. Raises BundleError, ModelError."""
        plan = replan(self._table, self._link(), None, self.priced())
        self.current = plan, await asyncio.to_thread(self.heads.build, plan)

    def reconsider(self) -> None:
        """Change to the plan that suits the link and the device now, once its head is built."""
        wanted = replan(self._table, self._link(), self.plan, self.priced(), self.course.owed)
        head = self.heads.ready(wanted)
        if self.current is not None and head is not None and wanted is not self.current[0]:
            self.current = wanted, head
            self.course = self.course.changed()
            self.plan_changes += 1

    def priced(self) -> Prices:
        """Corrected latencies over the link as it is now."""
        return self.course.priced(self._link())

    def learn(self, seen: Measured) -> None:
        """Correct the predictions by what one frame took, and change the plan if that says so."""
        self.course = self.course.learn(seen)
        self.reconsider()

    def for_frame(self, may_try: Callable[[Plan], bool] | None = None) -> tuple[Plan, Head] | None:
        """What one more frame goes by: the plan in use, or one that is tried. None before `start`.

        ``may_try`` says which plans may be; without it none is, nor is one whose head is not built.
        """
        if self.current is None:
            return None
        priced, (current, _) = self.priced(), self.current
        best = fastest(self._table, self._link(), priced)
        usable = None if may_try is None else lambda plan: may_try(plan) and self._is_built(plan)
        self.course, plan = self.course.next_frame(priced, current, best, usable)
        head = None if plan is current else self.heads.ready(plan)
        return self.current if head is None else (plan, head)

    def _is_built(self, plan: Plan) -> bool:
        return self.heads.ready(plan) is not None

    def by_need(self) -> list[Plan]:
        """Every plan of the table: the one in use, the fallback, then the nearest to the one in use."""
        plans, fallback = choices(self._table), self._table.fallback
        at = plans.index(self.plan) if self.plan in plans else 0
        return sorted(plans, key=lambda p: (p != self.plan, p != fallback, abs(plans.index(p) - at)))

    async def change_hooks(self, hooks: Sequence[Hook]) -> None:
        """Build the heads anew with these hooks, the one in use first; each takes over between two frames."""
        self.heads.hooks = tuple(hooks)
        await self._renew()

    async def watch(self, taps: Sequence[str]) -> None:
        """Build the heads anew, so that they hand out these tensors for the sampler."""
        self.heads.options = dataclasses.replace(self.heads.options, watched=tuple(taps))
        await self._renew()

    def watches(self, taps: Sequence[str]) -> bool:
        """Whether the head in use hands all of these out."""
        return self.current is not None and set(taps) <= set(self.current[1].watched)

    async def _renew(self) -> None:
        """The heads that are built, the one in use first."""
        for plan in self.by_need():
            if await asyncio.to_thread(self.heads.renew, plan):
                self._renew_current()
                await asyncio.to_thread(trim_memory)

    def _renew_current(self) -> None:
        if self.current is not None:
            plan, head = self.current
            self.current = plan, self.heads.ready(plan) or head
