"""Composition root of an edge agent: every part is built complete, from those that it needs."""

from __future__ import annotations

import aiohttp

from evosplit.edge.agent import Agent
from evosplit.edge.composition.answering import engine_and_audits
from evosplit.edge.composition.clouds import link_watches
from evosplit.edge.composition.common import common_parts
from evosplit.edge.composition.frames import frame_parts
from evosplit.edge.composition.learning import learning_parts
from evosplit.edge.composition.plans import planned_parts
from evosplit.edge.composition.tasks import ServingParts, background_tasks
from evosplit.edge.head.bundle_set import BundleSet, bundle_set
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sinks.build_sinks import deliveries, node_of
from evosplit.edge.sources.sources import Sources, fixed_sources
from evosplit.shared.bundle import Bundle


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
    planned = await planned_parts(settings, bundle_set(bundles), token, session, before)
    engine, audits = engine_and_audits(settings, planned)
    watches = await link_watches(settings, engine.clouds)
    common = common_parts(settings, before)
    learning = await learning_parts(settings, planned, engine, audits, common)
    frames = await frame_parts(settings, planned, engine, common, learning, before)
    parts = ServingParts(planned, engine, common, learning, frames)
    tasks = background_tasks(settings, parts, watches)
    sinks = deliveries(settings, frames.store, token)
    listed = settings.folder / "sources.json"
    return Agent(
        bundle=planned.bundles,
        frames=frames.intake,
        engine=engine,
        plans=planned.plans,
        clouds=engine.clouds,
        store=frames.store,
        metrics=common.metrics,
        profile=common.profile,
        savings=learning.savings,
        predictions=planned.predictions,
        background=common.background,
        tasks=tasks | {f"sink {sink.name}": sink.run for sink in sinks},
        sources=Sources(fixed_sources(settings), listed, common.background, frames.intake),
        previews=frames.previews,
        node=node_of(settings),
        sinks=sinks,
        hook_manager=learning.hooks,
        calibration=learning.calibration,
        plan_audits=learning.plan_audits,
        spool=frames.spool,
        decision_log=planned.log,
        span_export=frames.export,
    )
