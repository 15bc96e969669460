"""Composition of the engine that answers frames, and of what watches and teaches its hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evosplit.edge.background.after_answers import AfterAnswers
from evosplit.edge.composition.clouds import make_clouds
from evosplit.edge.composition.common import CommonParts
from evosplit.edge.composition.plans import PlannedParts
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.stages import ComputeThread
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.streams.scene_windows import SceneWindows
from evosplit.shared.card import Card

if TYPE_CHECKING:
    from evosplit.edge.audits.hook_audits import HookAudits
    from evosplit.edge.hook_learning.manager import HookManager


def engine_and_audits(settings: EdgeSettings, planned: PlannedParts) -> tuple[Engine, HookAudits | None]:
    """The engine with the clouds that it asks; the audits are of its hooks, where there are any."""
    after, failures = AfterAnswers(), HookFailures()
    clouds = make_clouds(settings, planned.plans, planned.states, planned.caller, after)
    audits = _hook_audits(settings, planned.plans.model.card, failures)
    compute = ComputeThread(settings.slowdown)
    limits = (settings.keeps_inputs, settings.max_frame_bytes)
    windows = SceneWindows() if settings.follow_shift else None
    return Engine(planned.plans, compute, clouds, failures, audits, *limits, after, windows), audits


def _hook_audits(settings: EdgeSettings, card: Card | None, failures: HookFailures) -> HookAudits | None:
    """What watches hooks, imported only where there are any: it takes memory."""
    if not settings.hooks:
        return None
    from evosplit.edge.audits.agreement_guard import AgreementGuard
    from evosplit.edge.audits.hook_audits import HookAudits

    return HookAudits(AgreementGuard(settings.exit_agreement, share=settings.audit_share), card, failures)


def hook_manager(
    engine: Engine, settings: EdgeSettings, common: CommonParts, audits: HookAudits | None
) -> HookManager | None:
    """What hooks learn by, with the hooks of earlier runs; imported only where there are any."""
    if audits is not None:
        from evosplit.edge.hook_learning.manager import HookManager

        return HookManager(engine, settings, common.background, audits, common.pause)
    if settings.region is not None:
        from evosplit.edge.hooks.mask import region_hooks

        engine.plans.heads.change_hooks(region_hooks(engine.plans.model.graph, settings.region))
    return None
