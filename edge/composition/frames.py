"""Composition of the way of frames: their store, what becomes of them, and who takes them in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from evosplit.edge.agent import Agent
from evosplit.edge.background.follow_ups import FollowUps
from evosplit.edge.composition.common import CommonParts
from evosplit.edge.composition.learning import LearningParts
from evosplit.edge.composition.plans import PlannedParts
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.frame_flow import FrameFlow
from evosplit.edge.pipeline.intake import FrameIntake
from evosplit.edge.previews.previews import Previews
from evosplit.edge.previews.thumbnails import Thumbnails
from evosplit.edge.results.spool import Spool
from evosplit.edge.results.store import Store, open_store
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.frame_traces import FrameTraces
from evosplit.shared.tracing.export import SpanExport, otlp_export


@dataclass(frozen=True, eq=False)
class FrameParts:
    """Where frames come in, and where they are kept. ``spool``, ``export``: None where there is none."""

    store: Store
    spool: Spool | None
    previews: Previews
    export: SpanExport | None
    intake: FrameIntake


async def frame_parts(
    settings: EdgeSettings,
    planned: PlannedParts,
    engine: Engine,
    common: CommonParts,
    learning: LearningParts,
    before: Agent | None,
) -> FrameParts:
    """The store and the spans of the agent ``before`` go on. Raises StoreError."""
    store = await asyncio.to_thread(_store, settings) if before is None else before.store
    previews = await asyncio.to_thread(_previews, settings, planned, store)
    spool = Spool(store, settings.spool_bytes) if settings.spool_bytes else None
    export = _span_export(settings, planned.identity) if before is None else before.span_export
    after = FollowUps(common.metrics.background_failed, common.metrics.follow_up_skipped)
    possible = (learning.hooks, learning.calibration, learning.plan_audits, previews)
    followers = [follower for follower in possible if follower is not None]
    traces = None if export is None else FrameTraces(export.add, settings.trace_ratio)
    told = (common.metrics, common.profile)
    flow = FrameFlow(engine, store, after, common.pause, spool, told, followers, traces)
    limits = (settings.max_in_flight, common.metrics.in_flight, settings.collect_s > 0)
    return FrameParts(store, spool, previews, export, FrameIntake(engine, flow, *limits))


def _store(settings: EdgeSettings) -> Store:
    kept = (settings.keep_results, settings.keep_bytes, settings.keep_for_s)
    return open_store(settings.folder / "results.sqlite", *kept)


def _previews(settings: EdgeSettings, planned: PlannedParts, store: Store) -> Previews:
    kept = Thumbnails(store, settings.thumbnail_bytes) if settings.thumbnail_bytes else None
    return Previews(planned.plans, kept, settings.keeps_inputs)


def _span_export(settings: EdgeSettings, identity: str) -> SpanExport | None:
    if settings.traces is None:
        return None
    return otlp_export(settings.traces, "evosplit-edge", settings.name or identity)
