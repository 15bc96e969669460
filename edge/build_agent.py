"""Composition root of an edge agent: every part is built complete, from those that it needs."""

from __future__ import annotations

import asyncio
import secrets
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import aiohttp

from evosplit.edge.agent import Agent
from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.background.follow_ups import FollowUps
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.build_background import (
    background_tasks,
    hook_audits,
    hook_manager,
    live_calibration,
    plan_audits,
)
from evosplit.edge.enrolment.heartbeats import Heartbeats
from evosplit.edge.enrolment.measure import kept_profile
from evosplit.edge.enrolment.note import client_id
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.head.assemble import HeadOptions
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.edge.link.uplink import Uplink
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.pipeline.current_plan import CurrentPlan
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.frame_flow import FrameFlow
from evosplit.edge.pipeline.intake import FrameIntake
from evosplit.edge.pipeline.late_frames import LateFrames
from evosplit.edge.pipeline.serving import EdgeModel, Serving
from evosplit.edge.pipeline.stages import ComputeThread
from evosplit.edge.results.spool import Spool
from evosplit.edge.results.store import open_store
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sinks.build_sinks import deliveries, node_of
from evosplit.edge.sources.sources import Sources, fixed_sources
from evosplit.edge.streams.delta import DeltaSender, DeltaSettings
from evosplit.edge.telemetry.fleet_state import FleetState
from evosplit.edge.telemetry.metrics import Metrics
from evosplit.edge.telemetry.prediction_record import PredictionRecord
from evosplit.edge.telemetry.runtime_profile import RuntimeProfile
from evosplit.edge.telemetry.savings_record import SavingsRecord
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.fleet.heartbeat import Audited
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.providers import Providers

if TYPE_CHECKING:
    from evosplit.edge.audits.hook_audits import HookAudits

ASSUMED_BPS: Final = 10e6
"""The bandwidth until something was seen of the link."""


async def build_agent(
    settings: EdgeSettings,
    bundle: Bundle,
    token: str,
    session: aiohttp.ClientSession,
    before: Agent | None = None,
) -> Agent:
    """An agent with the head of its first plan; its background tasks are not started yet.

    One that takes the place of another has its store, its metrics, its meter and its link.

    Raises BundleError, ModelError, CardError, StoreError.
    """
    predictions = await asyncio.to_thread(PredictionRecord, settings.folder)
    link = await asyncio.to_thread(_link, settings, bundle, before)
    meter = link.meter
    plans = await asyncio.to_thread(_plans, settings, bundle, link, predictions)
    identity = await asyncio.to_thread(client_id, settings.data)
    client = settings.name or identity
    uplink = Uplink(session, settings.cloud_url, settings.model, token, client)
    cloud = CloudLink(uplink, link, settings.timeout_s, plans.reconsider)
    failures = HookFailures()
    audits = hook_audits(settings, plans.model.card, failures)
    engine = _engine(settings, plans, cloud, failures, audits)
    watch = LinkWatch(cloud, settings.probe_interval_s)
    await watch.look()
    metrics = Metrics(settings.model, version("evosplit")) if before is None else before.metrics
    pause = BackgroundPause()
    background = Supervisor(metrics.background_failed)
    hooks = await asyncio.to_thread(hook_manager, engine, settings, background, audits, pause)
    await plans.start()
    kept = (settings.folder / "results.sqlite", settings.keep_results, settings.keep_bytes)
    store = await asyncio.to_thread(open_store, *kept) if before is None else before.store
    profile = RuntimeProfile()
    graph = plans.model.graph
    savings = SavingsRecord(graph, profile, hooks, settings.folder, settings.slowdown, _is_masked(settings))
    planner = PlannerClient(session, settings.cloud_url, settings.model, token, client)
    renewal = await asyncio.to_thread(
        PlanRenewal, plans, settings, planner, bundle, savings.now, cloud.model_changed
    )
    calibration = live_calibration(plans, settings, planner, renewal, pause)
    if calibration is not None:
        await asyncio.to_thread(calibration.warm)
    checks = plan_audits(engine, settings, calibration, pause)
    follow_ups = FollowUps(metrics.background_failed, metrics.follow_up_skipped)
    followers = [follower for follower in (hooks, calibration, checks) if follower is not None]
    spool = Spool(store, settings.spool_bytes) if settings.spool_bytes else None
    flow = FrameFlow(engine, store, follow_ups, pause, spool, (metrics, profile), followers)
    tasks = background_tasks(plans, watch, renewal, savings, predictions, hooks, calibration)
    measured = await asyncio.to_thread(kept_profile, settings, graph.sha256, plans.model.card)
    who, audited = (identity, settings.name), (lambda: Audited() if checks is None else checks.audited)
    fleet = FleetState(who, measured, plans, link, profile, spool, audited, lambda: renewal.refused)
    tasks["heartbeat"] = Heartbeats(planner, cloud, fleet.beat, renewal.wish).run
    if meter.is_metered:
        tasks["traffic"] = meter.run
    if spool is not None:
        late = LateFrames(engine, store, spool, (metrics, profile), settings.collect_s)
        tasks["late-frames"] = late.run
    sinks = deliveries(settings, store)
    tasks |= {f"sink {sink.name}": sink.run for sink in sinks}
    frames = FrameIntake(engine, flow, settings.max_in_flight, metrics.in_flight, settings.collect_s > 0)
    return Agent(
        bundle=bundle,
        frames=frames,
        engine=engine,
        plans=plans,
        cloud=cloud,
        store=store,
        metrics=metrics,
        profile=profile,
        savings=savings,
        predictions=predictions,
        background=background,
        tasks=tasks,
        sources=Sources(fixed_sources(settings), settings.folder / "sources.json", background, frames),
        node=node_of(settings),
        sinks=sinks,
        hook_manager=hooks,
        calibration=calibration,
        plan_audits=checks,
        spool=spool,
    )


def _link(settings: EdgeSettings, bundle: Bundle, before: Agent | None) -> LinkState:
    if before is not None:
        return LinkState(before.cloud.link, before.cloud.meter)
    meter = TrafficMeter(settings.traffic, settings.folder / "traffic.json")
    return LinkState(Link(ASSUMED_BPS, bundle.manifest.table.rtt_s), meter)


def _plans(
    settings: EdgeSettings, bundle: Bundle, link: LinkState, predictions: PredictionRecord
) -> CurrentPlan:
    course = Course(predictions.read(bundle.manifest.table), learns=settings.corrections)
    heads = Heads(bundle, _head_options(settings))
    model = EdgeModel(heads.graph, _card(bundle, heads.graph), bundle.manifest.table)
    return CurrentPlan(Serving(model, heads), link, course)


def _card(bundle: Bundle, graph: Graph) -> Card | None:
    data = bundle.manifest.card
    return None if data is None else check_card(card_from_data(dict(data)), graph)


def _head_options(settings: EdgeSettings) -> HeadOptions:
    change = None
    if settings.change_threshold is not None:
        exact = settings.change_threshold == 0
        tolerance = 0.0 if exact else settings.change_tolerance
        change = ChangeSettings(settings.change_threshold, tolerance, block=settings.change_block)
    providers = Providers(settings.provider, settings.threads, settings.integer_slowdown)
    return HeadOptions(providers, masked=_is_masked(settings), change=change)


def _is_masked(settings: EdgeSettings) -> bool:
    learns_masks = settings.hooks and "saliency" in settings.hook_kinds
    return learns_masks or settings.change_threshold is not None or settings.region is not None


def _engine(
    settings: EdgeSettings,
    plans: CurrentPlan,
    cloud: CloudLink,
    failures: HookFailures,
    audits: HookAudits | None,
) -> Engine:
    deltas = DeltaSender(secrets.randbits(64), DeltaSettings(threshold=settings.delta_threshold))
    compute = ComputeThread(settings.slowdown)
    limits = (settings.keeps_inputs, settings.max_frame_bytes)
    return Engine(plans, compute, cloud, deltas, failures, audits, *limits)
