"""Composition of what learns and checks beside serving: hooks, other plans, calibration, audits."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evosplit.edge.audits.float_answers import FloatAnswers
from evosplit.edge.audits.plan_audits import PlanAudits
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration.live_calibration import LiveCalibration
from evosplit.edge.composition.answering import hook_manager
from evosplit.edge.composition.common import CommonParts
from evosplit.edge.composition.heads import is_masked
from evosplit.edge.composition.plans import PlannedParts
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.savings_record import SavingsRecord

if TYPE_CHECKING:
    from evosplit.edge.audits.hook_audits import HookAudits
    from evosplit.edge.hook_learning.manager import HookManager

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LearningParts:
    """``hooks``, ``calibration`` and ``plan_audits`` are None where the settings leave them out."""

    hooks: HookManager | None
    savings: SavingsRecord
    renewal: PlanRenewal
    calibration: LiveCalibration | None
    plan_audits: PlanAudits | None


async def learning_parts(
    settings: EdgeSettings,
    planned: PlannedParts,
    engine: Engine,
    audits: HookAudits | None,
    common: CommonParts,
) -> LearningParts:
    """What learns, once the head of the first plan is built with the hooks of earlier runs."""
    hooks = await asyncio.to_thread(hook_manager, engine, settings, common, audits)
    await planned.plans.start()
    where = (settings.folder, settings.slowdown, is_masked(settings))
    savings = SavingsRecord(planned.plans.model.graph, common.profile, hooks, *where)
    renewal = await asyncio.to_thread(_renewal, settings, planned, engine, savings)
    calibration = _live_calibration(settings, planned, renewal, common.pause)
    if calibration is not None:
        await asyncio.to_thread(calibration.warm)
    checks = _plan_audits(engine, settings, calibration, common.pause)
    return LearningParts(hooks, savings, renewal, calibration, checks)


def _renewal(
    settings: EdgeSettings, planned: PlannedParts, engine: Engine, savings: SavingsRecord
) -> PlanRenewal:
    changed = engine.clouds.first.link.model_changed
    return PlanRenewal(planned.plans, settings, planned.planners, planned.bundles, savings.now, changed)


def _live_calibration(
    settings: EdgeSettings, planned: PlannedParts, renewal: PlanRenewal, pause: BackgroundPause
) -> LiveCalibration | None:
    """None where the settings leave no memory for inputs."""
    if settings.calibration_bytes:
        return LiveCalibration(planned.plans, settings, planned.planners, renewal, pause)
    if planned.plans.calibration == "none":
        _log.warning("plans have no calibration, and none is to be made of frames: they stay float")
    return None


def _plan_audits(
    engine: Engine, settings: EdgeSettings, calibration: LiveCalibration | None, pause: BackgroundPause
) -> PlanAudits | None:
    """None where frames are answered inexactly by choice: that would count against the plan."""
    if settings.delta_threshold or settings.change_threshold:
        return None
    right = FloatAnswers(engine, may_send_inputs=not settings.keeps_inputs)
    plans, share = engine.plans, settings.audit_share
    if calibration is None:
        return PlanAudits(plans, right, share, _warn_only, lambda: False, pause)
    return PlanAudits(plans, right, share, calibration.recalibrate, lambda: calibration.suspects_drift, pause)


def _warn_only(reason: str) -> None:
    _log.warning("no other plans are made of frames here: %s", reason)
