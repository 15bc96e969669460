"""Current plan and its head: changed by one reference between two frames."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable

from evosplit.edge.head.steps import Head
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.memory.trim import trim_memory
from evosplit.edge.plan_choice.logged_rule import LoggedRule
from evosplit.edge.plan_choice.served_heads import ServedHeads
from evosplit.edge.plan_choice.serving import EdgeModel, Serving
from evosplit.edge.plan_choice.surroundings import Surroundings
from evosplit.shared.correction.corrected_latency import Prices
from evosplit.shared.correction.corrections import Measured, corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.decision_log import Line
from evosplit.shared.device_state import DeviceState
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.link import Links
from evosplit.shared.plan import Plan
from evosplit.shared.plan_pin import Pin, held
from evosplit.shared.replan import choices
from evosplit.shared.situation import Situation
from evosplit.shared.units import format_bandwidth, format_size

_log = logging.getLogger(__name__)


class CurrentPlan(ServedHeads):
    """Follows links and device through a plan table; ``around`` is what they are like.

    ``course`` starts with what frames of earlier runs took; without one the predictions stand. ``log`` gets
    every event and decision.
    """

    def __init__(
        self,
        serving: Serving,
        around: Surroundings,
        course: Course | None = None,
        log: Callable[[Line], None] | None = None,
    ) -> None:
        super().__init__(serving)
        known = course or Course(corrections_of(choices(serving.model.table)), learns=False)
        self._rule = LoggedRule(serving.trusted, known, around, log)
        self._kept = around.kept
        self._kept.meet(serving.model.table)
        self.plan_changes = 0
        self.table_changes = 0

    @property
    def course(self) -> Course:
        """What frames have told."""
        return self._rule.course

    @property
    def situation(self) -> Situation:
        """What links, traffic and device are like now."""
        return self._rule.situation

    @property
    def links(self) -> Links:
        """The links as they are estimated now."""
        return self.situation.links

    @property
    def pin(self) -> Pin | None:
        """What an operator holds plans to; None: they change by themselves."""
        return self._kept.pin

    @property
    def keeps_to_pin(self) -> bool:
        """Whether the plan in use is the pinned one, or one of its cut."""
        return self.pin is not None and self.plan is not None and bool(held([self.plan], self.pin))

    async def hold_to(self, pin: Pin | None) -> None:
        """Take another pin, or none; its head is built, then the next frames go by it.

        Raises BundleError, ModelError, StoreError, and all is as before.
        """
        wanted = self._rule.wanted_under(self.serving.trusted, pin)
        await asyncio.to_thread(self.heads.build, wanted)
        self._kept.hold(pin)
        self.reconsider()

    async def start(self) -> None:
        """Build the head of the plan that suits the link now. Raises BundleError, ModelError."""
        plan = self._rule.wanted()
        self._use(plan, await asyncio.to_thread(self.heads.build, plan))
        self._rule.use(plan)
        self._tell(plan)

    def reconsider(self) -> None:
        """Change to the plan that suits links and device now, once its head is built."""
        if self.current is None:
            return
        wanted = self._rule.wanted()
        head = self.heads.ready(wanted)
        if head is not None and wanted is not self.current[0]:
            self._use(wanted, head)
            self._rule.use(wanted)
            self.plan_changes += 1
            self._tell(wanted)

    def _tell(self, plan: Plan) -> None:
        link = format_bandwidth(self.links.of(plan.cloud).bandwidth_bps)
        sent = f"sends {format_size(plan.wire_bytes)} a frame" if plan.boundary else "all of it here"
        _log.info("plan %s: cut %s, %s (uplink %s)", plan.digest[:12], plan.cut_key, sent, link)

    def priced(self) -> Prices:
        """Corrected latencies over the links and the queues as they are now."""
        return self._rule.priced()

    def learn(self, seen: Measured) -> None:
        """Correct the predictions by what one frame took, and change the plan if that says so."""
        self._rule.learn(seen)
        self.reconsider()

    def see_device(self, reading: DeviceState) -> DeviceState:
        """Take note of the device, and change the plan if that says so; what is made of the reading."""
        device = self._rule.see(reading)
        self.reconsider()
        return device

    def for_frame(self, may_try: Callable[[Plan], bool] | None = None) -> tuple[Plan, Head] | None:
        """What one more frame goes by: the plan in use, or one that is tried. None before `start`.

        ``may_try`` says which plans may be; without it none is, nor is one whose head is not built.
        """
        if self.current is None:
            return None
        usable = None
        if may_try is not None:
            usable = lambda plan: may_try(plan) and self._is_built(plan)  # noqa: E731
        plan = self._rule.next_frame(usable)
        head = None if plan is None or plan is self.current[0] else self.heads.ready(plan)
        return self.current if plan is None or head is None else (plan, head)

    def _is_built(self, plan: Plan) -> bool:
        return self.heads.ready(plan) is not None

    async def adopt(self, model: EdgeModel, heads: Heads) -> None:
        """Serve from another bundle of the same network.

        What the next frames need is built beforehand; then one reference changes. Frames under way end with
        the value that they began with. Raises BundleError, ModelError, and all is as before.
        """
        heads.inherit(self.heads)
        plan, fallback = self._rule.wanted_under(model.table, self.pin), model.table.fallback
        while True:
            hooks, options = heads.configure_like(self.heads)
            for needed in (plan, *([fallback] if fallback else [])):
                await asyncio.to_thread(heads.build, needed)
                await asyncio.to_thread(heads.renew, needed)
            head = heads.ready(plan)
            # Hooks may have been learned meanwhile; between this look and the change nothing else runs.
            if head is not None and hooks is self.heads.hooks and options is self.heads.options:
                break
        self.serving = Serving(model, heads, (plan, head))
        self._kept.meet(model.table)
        self._rule.change_table(self.serving.trusted)
        self._rule.use(plan)
        self.table_changes += 1

    async def distrust(self, digests: frozenset[str], safe_plan: Plan | None) -> None:
        """Leave these plans, until there is another table. Raises BundleError, ModelError."""
        before = self.serving
        self.serving = dataclasses.replace(
            before, distrusted=before.distrusted | digests, safe_plan=safe_plan
        )
        self._rule.change_table(self.serving.trusted)
        await asyncio.to_thread(before.heads.build, self._rule.wanted())
        self.reconsider()

    async def build_all(self) -> None:
        """Every head of the table, those most likely to be needed first; ends when the table is replaced."""
        heads = self.heads
        for plan in self.serving.by_need():
            if heads is not self.heads:
                return
            try:
                await asyncio.to_thread(heads.build, plan)
            except (EvoSplitError, OSError) as broken:
                _log.warning("plan %s cannot be used: %s", plan.digest[:12], broken)
            self.reconsider()
        await asyncio.to_thread(trim_memory)
