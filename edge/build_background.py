"""Composition of what learns and checks beside serving, and the background tasks of an agent."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evosplit.edge.audits.float_answers import FloatAnswers
from evosplit.edge.audits.plan_audits import PlanAudits
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.background.supervisor import Supervisor, Work
from evosplit.edge.calibration.live_calibration import LiveCalibration
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.prediction_record import PredictionRecord
from evosplit.edge.telemetry.savings_record import SavingsRecord
from evosplit.shared.card import Card

if TYPE_CHECKING:
    from evosplit.edge.audits.hook_audits import HookAudits
    from evosplit.edge.hook_learning.manager import HookManager

_log = logging.getLogger(__name__)


def hook_audits(settings: EdgeSettings, card: Card | None, failures: HookFailures) -> HookAudits | None:
    """What watches hooks, imported only where there are any: it takes memory."""
    if not settings.hooks:
        return None
    from evosplit.edge.audits.agreement_guard import AgreementGuard
    from evosplit.edge.audits.hook_audits import HookAudits

    return HookAudits(AgreementGuard(settings.exit_agreement, share=settings.audit_share), card, failures)


def hook_manager(
    engine: Engine,
    settings: EdgeSettings,
    background: Supervisor,
    audits: HookAudits | None,
    pause: BackgroundPause,
) -> HookManager | None:
    """What hooks learn by, with the hooks of earlier runs; imported only where there are any."""
    if audits is not None:
        from evosplit.edge.hook_learning.manager import HookManager

        return HookManager(engine, settings, background, audits, pause)
    if settings.region is not None:
        from evosplit.edge.hooks.mask import region_hooks

        engine.plans.heads.change_hooks(region_hooks(engine.plans.model.graph, settings.region))
    return None


def live_calibration(
    plans: CurrentPlan,
    settings: EdgeSettings,
    planners: Sequence[PlannerClient],
    renewal: PlanRenewal,
    pause: BackgroundPause,
) -> LiveCalibration | None:
    """None where the settings leave no memory for inputs."""
    if settings.calibration_bytes:
        return LiveCalibration(plans, settings, planners, renewal, pause)
    if plans.calibration == "none":
        _log.warning("plans have no calibration, and none is to be made of frames: they stay float")
    return None


def plan_audits(
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


def background_tasks(
    plans: CurrentPlan,
    watches: Sequence[LinkWatch],
    renewal: PlanRenewal,
    savings: SavingsRecord,
    predictions: PredictionRecord,
    hooks: HookManager | None,
    calibration: LiveCalibration | None,
) -> dict[str, Work]:
    """By name, in the order in which they are started."""
    built = asyncio.Event()
    tasks: dict[str, Work] = {
        **{f"link-watch{f'-{number}' if number else ''}": each.run for number, each in enumerate(watches)},
        "expectation": savings.run,
        "heads": functools.partial(_build_heads, plans, built),
    }
    if hooks is not None:
        tasks["hooks"] = functools.partial(_learn_hooks, hooks, built)
    tasks["plans"] = renewal.run
    tasks["predictions"] = functools.partial(predictions.run, plans)
    if calibration is not None:
        tasks["calibration"] = calibration.run
    return tasks


def _warn_only(reason: str) -> None:
    _log.warning("no other plans are made of frames here: %s", reason)


async def _build_heads(plans: CurrentPlan, built: asyncio.Event) -> None:
    """Every head of the table. ``built`` is set in any case."""
    try:
        await plans.build_all()
    finally:
        built.set()


async def _learn_hooks(hooks: HookManager, built: asyncio.Event) -> None:
    """Hooks learn once the heads are there, which they would have built anew."""
    await built.wait()
    await hooks.run()
