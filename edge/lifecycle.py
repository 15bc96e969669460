"""Lifecycle of an agent: builds its parts, starts its loops, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import secrets
from collections.abc import AsyncIterator, Collection
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import aiohttp

from evosplit.edge.audits.float_answers import FloatAnswers
from evosplit.edge.audits.plan_audits import PlanAudits
from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.providers import Providers
from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.calibration.calibrating import Calibrating
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import Renewal
from evosplit.edge.head.assemble import HeadOptions
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.uplink import Uplink
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.pipeline.agent import Agent
from evosplit.edge.pipeline.compute_thread import Compute
from evosplit.edge.pipeline.current_plan import CurrentPlan
from evosplit.edge.pipeline.edge_model import EdgeModel
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.serving import Serving
from evosplit.edge.results.store import Store
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.streams.delta import DeltaSender, DeltaSettings
from evosplit.edge.telemetry.metrics import Metrics
from evosplit.edge.telemetry.prediction_record import Predictions
from evosplit.edge.telemetry.runtime_profile import Profile
from evosplit.edge.telemetry.savings_record import Expecting
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link

if TYPE_CHECKING:
    from evosplit.edge.audits.hook_audits import HookAudits
    from evosplit.edge.hook_learning.manager import HookManager

ASSUMED_BPS: Final = 10e6
"""The bandwidth until something was seen of the link."""

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def running_agent(
    settings: EdgeSettings,
    bundle: Bundle,
    token: str,
    session: aiohttp.ClientSession,
    without: Collection[str] = (),
) -> AsyncIterator[Agent]:
    """An agent that is ready for frames. At the end, the frames under way are finished first.

    Background tasks named in ``without`` are not started.

    Raises BundleError, ModelError, CardError, StoreError.
    """
    predictions = await asyncio.to_thread(Predictions, settings.folder)
    known = await asyncio.to_thread(predictions.read, bundle.manifest.table)
    course = Course(known, learns=settings.corrections)
    failures = HookFailures()
    # No name for the heads here: those of another bundle take their place, and these are to go then.
    link = LinkState(Link(ASSUMED_BPS, bundle.manifest.table.rtt_s))
    plans = await asyncio.to_thread(_plans, settings, bundle, link, course)
    uplink = Uplink(session, settings.cloud_url, settings.model, token)
    cloud = CloudLink(uplink, link, settings.timeout_s, plans.reconsider)
    audits = _audits(settings, plans.model.card, failures)
    engine = _engine(settings, plans, cloud, failures, audits)
    watch = LinkWatch(cloud, settings.probe_interval_s)
    await watch.look()
    metrics = Metrics(settings.model, version("evosplit"))
    background = Supervisor(metrics.background_failed)
    hook_manager = await asyncio.to_thread(_hook_manager, engine, settings, background, audits)
    await plans.start()
    store = await asyncio.to_thread(_store, settings)
    expecting = _expecting(engine, hook_manager, settings)
    planner = PlannerClient(session, settings.cloud_url, settings.model, token)
    renewal = await asyncio.to_thread(Renewal, plans, settings, planner, bundle, expecting.now)
    calibrating = _calibrating(engine, settings, planner, renewal)
    if calibrating is not None:
        await asyncio.to_thread(calibrating.warm)
    plan_audits = _plan_audits(engine, settings, calibrating)
    agent = Agent(
        engine, store, metrics, settings.max_in_flight, expecting, hook_manager, calibrating, plan_audits
    )
    try:
        background.start("link-watch", watch.run)
        background.start("expectation", expecting.run)
        built = asyncio.Event()
        background.start("heads", functools.partial(_build_all, plans, built))
        if hook_manager is not None and "hooks" not in without:
            background.start("hooks", functools.partial(_teach, hook_manager, built))
        background.start("plans", renewal.run)
        background.start("predictions", functools.partial(predictions.run, plans))
        if calibrating is not None:
            background.start("calibration", calibrating.run)
        yield agent
        await agent.drain()
    finally:
        await background.end()
        await agent.end()
        engine.compute.close()
        await asyncio.to_thread(expecting.keep)
        await asyncio.to_thread(predictions.keep, plans.course.known)
        await asyncio.to_thread(store.close)


def _plans(settings: EdgeSettings, bundle: Bundle, link: LinkState, course: Course) -> CurrentPlan:
    heads = Heads(bundle, _options(settings))
    model = EdgeModel(heads.graph, _card(bundle, heads.graph), bundle.manifest.table)
    return CurrentPlan(Serving(model, heads), link, course)


def _engine(
    settings: EdgeSettings,
    plans: CurrentPlan,
    cloud: CloudLink,
    failures: HookFailures,
    audits: HookAudits | None,
) -> Engine:
    deltas = DeltaSender(secrets.randbits(64), DeltaSettings(threshold=settings.delta_threshold))
    compute = Compute(settings.slowdown)
    return Engine(plans, compute, cloud, deltas, failures, audits, settings.keeps_inputs)


def _audits(settings: EdgeSettings, card: Card | None, failures: HookFailures) -> HookAudits | None:
    """What watches hooks, imported only where there are any."""
    if not settings.hooks:
        return None
    from evosplit.edge.audits.agreement_guard import AgreementGuard
    from evosplit.edge.audits.hook_audits import HookAudits

    return HookAudits(AgreementGuard(settings.exit_agreement, share=settings.audit_share), card, failures)


def _card(bundle: Bundle, graph: Graph) -> Card | None:
    data = bundle.manifest.card
    return None if data is None else check_card(card_from_data(dict(data)), graph)


def _store(settings: EdgeSettings) -> Store:
    store = Store(settings.folder / "results.sqlite", settings.keep_results, settings.keep_bytes)
    if store.interrupted:
        _log.warning(
            "%d frames of an earlier run were never finished: recorded as failures", store.interrupted
        )
    return store


def _options(settings: EdgeSettings) -> HeadOptions:
    change = None
    if settings.change_threshold is not None:
        exact = settings.change_threshold == 0
        tolerance = 0.0 if exact else settings.change_tolerance
        change = ChangeSettings(settings.change_threshold, tolerance, block=settings.change_block)
    return HeadOptions(
        Providers(settings.provider, settings.threads), masked=_is_masked(settings), change=change
    )


def _is_masked(settings: EdgeSettings) -> bool:
    learns_masks = settings.hooks and "saliency" in settings.hook_kinds
    return learns_masks or settings.change_threshold is not None or settings.region is not None


def _expecting(engine: Engine, hook_manager: HookManager | None, settings: EdgeSettings) -> Expecting:
    return Expecting(
        engine.plans.model.graph,
        Profile(),
        hook_manager,
        settings.folder,
        settings.slowdown,
        _is_masked(settings),
    )


def _hook_manager(
    engine: Engine, settings: EdgeSettings, background: Supervisor, audits: HookAudits | None
) -> HookManager | None:
    """Everything about hooks, imported only where there are any: it takes memory."""
    if audits is not None:
        from evosplit.edge.hook_learning.manager import HookManager

        hook_manager = HookManager(engine, settings, background, audits)
        hook_manager.load()
        return hook_manager
    if settings.region is not None:
        from evosplit.edge.hooks.mask import region_hooks

        engine.plans.heads.change_hooks(region_hooks(engine.plans.model.graph, settings.region))
    return None


def _calibrating(
    engine: Engine, settings: EdgeSettings, planner: PlannerClient, renewal: Renewal
) -> Calibrating | None:
    if settings.calibration_bytes:
        return Calibrating(engine, settings, planner, renewal)
    if engine.plans.calibration == "none":
        _log.warning("plans have no calibration, and none is to be made of frames: they stay float")
    return None


def _plan_audits(
    engine: Engine, settings: EdgeSettings, calibrating: Calibrating | None
) -> PlanAudits | None:
    """None where frames are answered inexactly by choice: that would count against the plan."""
    if settings.delta_threshold or settings.change_threshold:
        return None
    right = FloatAnswers(engine, may_send_inputs=not settings.keeps_inputs)
    if calibrating is None:
        return PlanAudits(engine.plans, right, settings.audit_share, _left, lambda: False)
    return PlanAudits(
        engine.plans,
        right,
        settings.audit_share,
        calibrating.recalibrate,
        lambda: calibrating.suspects_drift,
    )


def _left(reason: str) -> None:
    _log.warning("no other plans are made of frames here: %s", reason)


async def _build_all(plans: CurrentPlan, built: asyncio.Event) -> None:
    """Every head of the table. ``built`` is set in any case."""
    try:
        await plans.build_all()
    finally:
        built.set()


async def _teach(hook_manager: HookManager, built: asyncio.Event) -> None:
    """Hooks learn once the heads are there, which they would have built anew."""
    await built.wait()
    await hook_manager.run()
