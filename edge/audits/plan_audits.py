"""Drift monitoring of whole plans: a small share of frames is answered by the float network as well.

The same guard as for hooks decides, in the user's unit: a plan whose agreement is shown to be below what is
promised is left for a safer one, and new plans are asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import logging
from collections.abc import Callable
from typing import Final

from evosplit.edge.audits.agreement_guard import AgreementGuard
from evosplit.edge.audits.audit_rules import is_audited
from evosplit.edge.audits.float_answers import FloatAnswers
from evosplit.edge.audits.near_duplicates import NearDuplicates
from evosplit.edge.background.follow_ups import FollowUp
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration.signature import signature
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.trusted_plans import is_exact, less_safe, whole_in_cloud
from evosplit.edge.telemetry.plan_metrics import PlanAuditState
from evosplit.shared.agreement import agreement
from evosplit.shared.errors import (
    CardError,
    CloudRefusedError,
    CloudUnavailableError,
    EvoSplitError,
    InputError,
)
from evosplit.shared.fleet.heartbeat import Audited
from evosplit.shared.plan import Plan

FIRST_AUDITS: Final = 20
"""So many of a plan's first frames are audited one after the other, as the budget allows."""
PATIENCE_S: Final = 1.0
"""So long an audit waits for a moment without a frame."""

_log = logging.getLogger(__name__)


class PlanAudits:
    """Audits the plan in use, and has it left where it breaks its promise. All of it is the event loop's.

    ``share`` of the frames are audited at least, all while there is something to suspect, as far as ``right``
    has answers. ``suspects_drift`` says whether inputs leave the calibrated ranges: such a suspicion.
    ``distrusted`` is told the reason each time that a plan is left, so that new plans are made.
    """

    def __init__(
        self,
        plans: CurrentPlan,
        right: FloatAnswers,
        share: float,
        distrusted: Callable[[str], None],
        suspects_drift: Callable[[], bool],
        pause: BackgroundPause,
    ) -> None:
        self._plans = plans
        self._right = right
        self._share = share
        self._distrusted = distrusted
        self._suspects_drift = suspects_drift
        self.guard = AgreementGuard(1.0, share=share)
        self._pause = pause
        self._recent = NearDuplicates()
        self._is_auditing = False
        self._totals = (0, Audited())

    @property
    def max_drop(self) -> float | None:
        """What the plans in use promise; None where they promise nothing."""
        return self._plans.heads.manifest.max_drop

    @property
    def audited(self) -> Audited:
        """What was found of the plans of the table in use."""
        promised = None if self.max_drop is None else 1 - self.max_drop
        distrusted = len(self._plans.serving.distrusted)
        return dataclasses.replace(self._of_table(), promised=promised, distrusted=distrusted)

    @property
    def state(self) -> PlanAuditState:
        """How the plan in use stands."""
        plan = self._plans.plan
        standing = self.guard.standing("" if plan is None else plan.digest)
        return PlanAuditState(
            max_drop=self.max_drop,
            audits=standing.audits,
            agreement=standing.agreements / standing.audits if standing.audits else None,
            evidence=standing.evidence,
            limit=1 / self.guard.rules.false_alarms,
            distrusted=tuple(sorted(self._plans.serving.distrusted)),
        )

    def after_frame(self, job: Job, answer: Answer, outcome: object) -> FollowUp | None:
        """The audit of a frame that was answered, if it is to be audited."""
        del outcome
        return functools.partial(self.audit, job, answer) if self.wants(job, answer) else None

    def wants(self, job: Job, answer: Answer) -> bool:
        """Whether a frame that was answered is to be audited. It is asked for every frame, and cheap."""
        plan = answer.plan
        if plan is None or self.max_drop is None or not _is_plans_own(job, answer) or is_exact(plan):
            return False
        self._right.earn(answer)
        if self._is_auditing or plan.digest in self._plans.serving.distrusted:
            return False
        standing = self.guard.standing(plan.digest)
        is_close = standing.audits < FIRST_AUDITS or standing.evidence > 1 or self._suspects_drift()
        is_turn = is_close or (is_audited(job.frame_id, self._share) and self._right.is_saved_up)
        return is_turn and self._right.is_possible

    async def audit(self, job: Job, answer: Answer) -> None:
        """Have the float network answer as well, where that can be paid, and judge the plan by it."""
        plan, model = answer.plan, self._plans.model
        if plan is None or self._is_auditing:
            return
        self._is_auditing = True
        try:
            await self._pause.lull(PATIENCE_S)
            with contextlib.suppress(CloudUnavailableError, CloudRefusedError, InputError, CardError):
                kept = await self._kept(job, answer)
                if kept is not None and model is self._plans.model:
                    await self._judge(plan, kept)
        finally:
            self._is_auditing = False

    async def _kept(self, job: Job, answer: Answer) -> float | None:
        """What share of the float network's answer the plan's was; None where that says nothing new."""
        mark = await asyncio.to_thread(signature, await self._right.feeds(job))
        if mark is None or self._recent.holds(mark):
            return None
        right = await self._right.of(job)
        if right is None:
            return None
        self._recent.add(mark)
        card = self._plans.model.card
        return await asyncio.to_thread(functools.partial(agreement, card, right, answer.outputs))

    async def _judge(self, plan: Plan, kept: float) -> None:
        guard, promised = self.guard, 1 - (self.max_drop or 0.0)
        if guard.verdict(plan.digest) != "ok":  # it is back, in a table that was made since
            guard.reset(plan.digest)
        guard.record(plan.digest, kept, target=promised)
        totals = self._of_table()
        more = dataclasses.replace(totals, audits=totals.audits + 1, agreements=totals.agreements + kept)
        self._totals = self._plans.table_changes, more
        if guard.verdict(plan.digest) != "ok" and plan.digest not in self._plans.serving.distrusted:
            seen = guard.standing(plan.digest)
            await self._leave(
                plan,
                f"plan {plan.digest[:12]} kept {seen.agreements / seen.audits:.1%} of {seen.audits} answers, "
                f"where {promised:.1%} are promised",
            )

    def _of_table(self) -> Audited:
        table, totals = self._totals
        return totals if table == self._plans.table_changes else Audited()

    async def _leave(self, plan: Plan, reason: str) -> None:
        plans, table = self._plans, self._plans.model.table
        last = whole_in_cloud(table, plans.model.graph) if self._right.may_send_inputs else None
        try:
            await plans.distrust(less_safe(table, plan), last)
        except (EvoSplitError, OSError) as broken:
            reason = f"{reason} (a safer one cannot be built: {broken})"
        safer = "none" if plans.plan is None else plans.plan.digest[:12]
        _log.warning("%s; the plan in use is now %s", reason, safer)
        self._distrusted(reason)


def _is_plans_own(job: Job, answer: Answer) -> bool:
    """Whether the plan alone gave the answer: no hook, and no strategy that a client chose."""
    changed = answer.run.changed_by if answer.run is not None else ()
    return job.strategy == "planned" and answer.hook is None and not changed
