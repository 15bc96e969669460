"""An agent from its bundle to its last frame: builds the parts, starts the loops, ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import aiohttp

from edge.agent import Agent
from edge.compute import Compute
from edge.engine import Engine
from edge.figures.expecting import Expecting
from edge.figures.metrics import Metrics
from edge.figures.predictions import Predictions
from edge.head.assemble import Options
from edge.head.build import Heads
from edge.head.providers import Providers
from edge.link.cloud_link import CloudLink
from edge.link.uplink import Uplink
from edge.link.watch import LinkWatch
from edge.model import EdgeModel
from edge.results.store import Store
from edge.settings import EdgeSettings
from edge.streams.change import ChangeSettings
from edge.streams.delta import DeltaSender, DeltaSettings
from edge.trim import trim_memory
from shared.bundle import Bundle
from shared.card import Card, card_from_data, check_card
from shared.correction.course import Course
from shared.errors import EvoSplitError
from shared.graph import Graph
from shared.link import Link

if TYPE_CHECKING:
    from edge.teaching.hooking import Hooking

ASSUMED_BPS: Final = 10e6
"""The bandwidth until something was seen of the link."""

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def running_agent(
    settings: EdgeSettings, bundle: Bundle, token: str, session: aiohttp.ClientSession
) -> AsyncIterator[Agent]:
    """An agent that is ready for frames. At the end, the frames under way are finished first.

    Raises BundleError, ModelError, CardError, StoreError.
    """
    heads = await asyncio.to_thread(Heads, bundle, _options(settings))
    predictions = await asyncio.to_thread(Predictions, settings.folder)
    known = await asyncio.to_thread(predictions.read, bundle.manifest.table)
    engine = _engine(settings, bundle, heads, token, session, Course(known, learns=settings.corrections))
    watch = LinkWatch(engine.cloud, settings.probe_interval_s)
    await watch.look()
    hooking = await asyncio.to_thread(_hooking, engine, settings)
    await engine.start()
    store = await asyncio.to_thread(_store, settings)
    agent = Agent(engine, store, Metrics(settings.model, version("evosplit")), settings.max_in_flight)
    expecting = agent.expecting = Expecting(agent, settings.folder, settings.slowdown, _is_masked(settings))
    works = (watch.run(), _build_all(engine, heads, hooking), expecting.run(), predictions.run(engine))
    loops = [asyncio.create_task(work) for work in works]
    if hooking is not None:
        agent.hooking, agent.under_way = hooking, hooking.frame
    try:
        yield agent
        await agent.drain()
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        engine.compute.close()
        await asyncio.to_thread(expecting.keep)
        await asyncio.to_thread(predictions.keep, engine.course.known)
        await asyncio.to_thread(store.close)


def _engine(
    settings: EdgeSettings,
    bundle: Bundle,
    heads: Heads,
    token: str,
    session: aiohttp.ClientSession,
    course: Course,
) -> Engine:
    table = bundle.manifest.table
    model = EdgeModel(heads.graph, _card(bundle, heads.graph), table)
    uplink = Uplink(session, settings.cloud_url, settings.model, token)
    cloud = CloudLink(uplink, Link(ASSUMED_BPS, table.rtt_s), settings.timeout_s)
    deltas = DeltaSender(secrets.randbits(64), DeltaSettings(threshold=settings.delta_threshold))
    engine = Engine(model, heads, Compute(settings.slowdown), cloud, deltas, course)
    cloud.changed = engine.reconsider
    return engine


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


def _options(settings: EdgeSettings) -> Options:
    change = None
    if settings.change_threshold is not None:
        exact = settings.change_threshold == 0
        tolerance = 0.0 if exact else settings.change_tolerance
        change = ChangeSettings(settings.change_threshold, tolerance, block=settings.change_block)
    return Options(Providers(settings.provider, settings.threads), masked=_is_masked(settings), change=change)


def _is_masked(settings: EdgeSettings) -> bool:
    learns_masks = settings.hooks and "saliency" in settings.hook_kinds
    return learns_masks or settings.change_threshold is not None or settings.region is not None


def _hooking(engine: Engine, settings: EdgeSettings) -> Hooking | None:
    """Everything about hooks, imported only where there are any: it takes memory."""
    if settings.hooks:
        from edge.teaching.hooking import Hooking

        hooking = Hooking(engine, settings)
        hooking.load()
        return hooking
    if settings.region is not None:
        from edge.teaching.region import region_hooks

        engine.heads.hooks = region_hooks(engine.model.graph, settings.region)
    return None


async def _build_all(engine: Engine, heads: Heads, hooking: Hooking | None) -> None:
    """Every head of the table, those most likely to be needed first. Then hooks learn."""
    for plan in engine.by_need():
        try:
            await asyncio.to_thread(heads.build, plan)
        except EvoSplitError as broken:
            _log.warning("plan %s cannot be used: %s", plan.digest[:12], broken)
        engine.reconsider()
    await asyncio.to_thread(trim_memory)
    if hooking is not None:
        await hooking.run()
