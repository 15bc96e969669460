"""Composition root of an edge agent: every part is built complete, from those that it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

import aiohttp

from evosplit.edge.agent import Agent
from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.background.after_answers import AfterAnswers
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
from evosplit.edge.build_clouds import link_states, make_clouds, planners
from evosplit.edge.device.device_watch import DeviceWatch
from evosplit.edge.enrolment.heartbeats import Heartbeats
from evosplit.edge.enrolment.measure import kept_profile
from evosplit.edge.enrolment.note import client_id
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.head.assemble import HeadOptions
from evosplit.edge.head.bundle_set import BundleSet, bundle_set
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.memory.memory_watch import MemoryWatch
from evosplit.edge.pipeline.clouds import Clouds
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.frame_flow import FrameFlow
from evosplit.edge.pipeline.intake import FrameIntake
from evosplit.edge.pipeline.late_frames import LateFrames
from evosplit.edge.pipeline.stages import ComputeThread
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.kept_pin import KeptPin
from evosplit.edge.plan_choice.serving import EdgeModel, Serving
from evosplit.edge.plan_choice.surroundings import Surroundings
from evosplit.edge.previews.previews import Previews
from evosplit.edge.previews.thumbnails import Thumbnails
from evosplit.edge.results.decision_file import DecisionFile
from evosplit.edge.results.spool import Spool
from evosplit.edge.results.store import Store, open_store
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sinks.build_sinks import deliveries, node_of
from evosplit.edge.sources.sources import Sources, fixed_sources
from evosplit.edge.streams.scene_windows import SceneWindows
from evosplit.edge.telemetry.fleet_state import FleetState
from evosplit.edge.telemetry.frame_traces import FrameTraces
from evosplit.edge.telemetry.metrics import Metrics
from evosplit.edge.telemetry.prediction_record import PredictionRecord
from evosplit.edge.telemetry.runtime_profile import RuntimeProfile
from evosplit.edge.telemetry.savings_record import SavingsRecord
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.fleet.heartbeat import Audited
from evosplit.shared.graph import Graph
from evosplit.shared.memory_arena import open_in_arena
from evosplit.shared.providers import Providers
from evosplit.shared.tracing.export import SpanExport, otlp_export

if TYPE_CHECKING:
    from evosplit.edge.audits.hook_audits import HookAudits


async def build_agent(
    settings: EdgeSettings,
    bundles: Bundle | BundleSet,
    token: str,
    session: aiohttp.ClientSession,
    before: Agent | None = None,
) -> Agent:
    """An agent with the head of its first plan; its background tasks are not started yet.

    One that takes the place of another has its store, its metrics, its meter and its link.

    Raises BundleError, ModelError, CardError, StoreError.
    """
    meter = await asyncio.to_thread(_meter, settings) if before is None else before.cloud.meter
    made, identity = bundle_set(bundles), await asyncio.to_thread(client_id, settings.data)
    client = settings.name or identity
    states = link_states(settings, made, meter, None if before is None else before.clouds)
    planning, log = planners(settings, token, session, client), _log_of(settings, before)
    serving = await asyncio.to_thread(_serving, settings, made)
    network = serving.model.graph
    measured = await asyncio.to_thread(kept_profile, settings, network.sha256, serving.model.card)
    predictions = PredictionRecord(settings.folder, measured)
    plans = await asyncio.to_thread(_plans, settings, serving, states, predictions, log)
    after = AfterAnswers()
    clouds = make_clouds(settings, plans, states, token, session, client, after)
    failures = HookFailures()
    audits = hook_audits(settings, plans.model.card, failures)
    engine = _engine(settings, plans, clouds, failures, audits, after)
    watches = [LinkWatch(cloud.link, settings.probe_interval_s) for cloud in clouds.every]
    await asyncio.gather(*(watch.look() for watch in watches))
    metrics = Metrics(settings.model, version("evosplit")) if before is None else before.metrics
    pause = BackgroundPause()
    background = Supervisor(metrics.background_failed)
    hooks = await asyncio.to_thread(hook_manager, engine, settings, background, audits, pause)
    await plans.start()
    kept = (
        settings.folder / "results.sqlite",
        settings.keep_results,
        settings.keep_bytes,
        settings.keep_for_s,
    )
    store = await asyncio.to_thread(open_store, *kept) if before is None else before.store
    profile = RuntimeProfile()
    savings = SavingsRecord(network, profile, hooks, settings.folder, settings.slowdown, _is_masked(settings))
    renewal = await asyncio.to_thread(
        PlanRenewal, plans, settings, planning, made, savings.now, clouds.first.link.model_changed
    )
    calibration = live_calibration(plans, settings, planning, renewal, pause)
    if calibration is not None:
        await asyncio.to_thread(calibration.warm)
    checks = plan_audits(engine, settings, calibration, pause)
    follow_ups = FollowUps(metrics.background_failed, metrics.follow_up_skipped)
    previews = await asyncio.to_thread(_previews, settings, plans, store)
    followers = [follower for follower in (hooks, calibration, checks, previews) if follower is not None]
    spool = Spool(store, settings.spool_bytes) if settings.spool_bytes else None
    export = _span_export(settings, identity) if before is None else before.span_export
    traces = None if export is None else FrameTraces(export.add, settings.trace_ratio)
    flow = FrameFlow(engine, store, follow_ups, pause, spool, (metrics, profile), followers, traces)
    tasks = background_tasks(plans, watches, renewal, savings, predictions, hooks, calibration)
    tasks["device"] = DeviceWatch(plans.see_device).run
    tasks["memory"] = MemoryWatch(pause).run
    who, audited = (identity, settings.name), (lambda: Audited() if checks is None else checks.audited)
    parts = (who, measured, plans, states[0], profile, spool, audited)
    fleet = FleetState(*parts, lambda: renewal.refused, settings.place)
    tasks["heartbeat"] = Heartbeats(planning[0], clouds.first.link, fleet.beat, renewal.wish).run
    if meter.is_metered:
        tasks["traffic"] = meter.run
    if spool is not None:
        late = LateFrames(engine, store, spool, (metrics, profile), settings.collect_s)
        tasks["late-frames"] = late.run
    sinks = deliveries(settings, store, token)
    tasks |= {f"sink {sink.name}": sink.run for sink in sinks}
    frames = FrameIntake(engine, flow, settings.max_in_flight, metrics.in_flight, settings.collect_s > 0)
    return Agent(
        bundle=made,
        frames=frames,
        engine=engine,
        plans=plans,
        clouds=clouds,
        store=store,
        metrics=metrics,
        profile=profile,
        savings=savings,
        predictions=predictions,
        background=background,
        tasks=tasks,
        sources=Sources(fixed_sources(settings), settings.folder / "sources.json", background, frames),
        previews=previews,
        node=node_of(settings),
        sinks=sinks,
        hook_manager=hooks,
        calibration=calibration,
        plan_audits=checks,
        spool=spool,
        decision_log=log,
        span_export=export,
    )


def _meter(settings: EdgeSettings) -> TrafficMeter:
    return TrafficMeter(settings.traffic, settings.folder / "traffic.json")


def _log_of(settings: EdgeSettings, before: Agent | None) -> DecisionFile | None:
    """The log goes on where another agent takes a place."""
    if before is not None:
        return before.decision_log
    return None if settings.decision_log is None else DecisionFile(settings.decision_log)


def _span_export(settings: EdgeSettings, identity: str) -> SpanExport | None:
    if settings.traces is None:
        return None
    return otlp_export(settings.traces, "evosplit-edge", settings.name or identity)


def _serving(settings: EdgeSettings, bundles: BundleSet) -> Serving:
    options = _head_options(settings)
    heads = Heads(bundles, options)
    card = _card(bundles, heads.graph)
    if card is not None and options.change is not None:
        options.change.check_reach(card.input.largest_change)
    return Serving(EdgeModel(heads.graph, card, bundles.manifest.table), heads)


def _plans(
    settings: EdgeSettings,
    serving: Serving,
    states: Sequence[LinkState],
    predictions: PredictionRecord,
    log: DecisionFile | None,
) -> CurrentPlan:
    course = Course(predictions.read(serving.model.table), learns=settings.corrections)
    pin = KeptPin(settings.folder / "plan-choice.json")
    around = Surroundings(states, settings.power, settings.max_latency_s, pin)
    return CurrentPlan(serving, around, course, log.write if log else None)


def _previews(settings: EdgeSettings, plans: CurrentPlan, store: Store) -> Previews:
    kept = Thumbnails(store, settings.thumbnail_bytes) if settings.thumbnail_bytes else None
    return Previews(plans, kept, settings.keeps_inputs)


def _card(bundles: BundleSet, graph: Graph) -> Card | None:
    data = bundles.manifest.card
    return None if data is None else check_card(card_from_data(dict(data)), graph)


def _head_options(settings: EdgeSettings) -> HeadOptions:
    change = None
    if settings.change_threshold is not None:
        exact = settings.change_threshold == 0
        tolerance = 0.0 if exact else settings.change_tolerance
        change = ChangeSettings(settings.change_threshold, tolerance, block=settings.change_block)
    providers = Providers(settings.provider, settings.threads, settings.integer_slowdown, open_in_arena)
    return HeadOptions(providers, masked=_is_masked(settings), change=change)


def _is_masked(settings: EdgeSettings) -> bool:
    learns_masks = settings.hooks and "saliency" in settings.hook_kinds
    return learns_masks or settings.change_threshold is not None or settings.region is not None


def _engine(
    settings: EdgeSettings,
    plans: CurrentPlan,
    clouds: Clouds,
    failures: HookFailures,
    audits: HookAudits | None,
    after: AfterAnswers,
) -> Engine:
    compute = ComputeThread(settings.slowdown)
    limits = (settings.keeps_inputs, settings.max_frame_bytes)
    windows = SceneWindows() if settings.follow_shift else None
    return Engine(plans, compute, clouds, failures, audits, *limits, after, windows)
