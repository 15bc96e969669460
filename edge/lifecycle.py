"""Lifecycle of an edge agent: it is built, its background tasks run while it serves, and it ends in order.

When the cloud serves another content of the model, or another region is to be computed, an agent for that is
built beside the one that serves, and takes its place between two frames. The frames under way end with the
network that they began with.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection
from typing import Final

import aiohttp

from evosplit.edge.agent import Agent
from evosplit.edge.background.retries import BackOff
from evosplit.edge.composition.build_agent import build_agent
from evosplit.edge.control.region import keep_region, with_kept_region
from evosplit.edge.control.served import Region
from evosplit.edge.enrolment.cloud_settings import by_cloud
from evosplit.edge.enrolment.enrol import changed_model
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import EvoSplitError

PAUSES_S: Final = (1.0, 600.0)
"""After a refusal it is tried again after the first pause, then after twice as long, up to the longest."""
_log = logging.getLogger(__name__)


class AgentSlot:
    """The agent in service. Whoever asks it for a frame looks for it after all that has to be awaited."""

    def __init__(
        self,
        agent: Agent,
        settings: EdgeSettings,
        token: str,
        session: aiohttp.ClientSession,
        without: Collection[str] = (),
    ) -> None:
        self.agent = agent
        self._settings = settings
        self._token = token
        self._session = session
        self._without = without
        self._replacing = asyncio.Lock()

    @property
    def region(self) -> Region | None:
        """The part of the pictures that is computed; None: all of it."""
        return self._settings.region

    def start(self) -> None:
        """Begin its background tasks and sources."""
        for name, work in self.agent.tasks.items():
            if name not in self._without:
                self.agent.background.start(name, work)
        self.agent.sources.start()

    async def set_region(self, region: Region | None) -> None:
        """Compute another part from now on, and after the next start.

        Raises UsageError, BundleError, ModelError, StoreError, and all is as before.
        """
        async with self._replacing:
            before = self._settings
            if region == before.region:
                return
            self._settings = before.changed(region=region)
            try:
                await asyncio.to_thread(keep_region, self._settings)
                await self._replace(self.agent.plans.heads.bundles)
            except EvoSplitError:
                self._settings = before
                await asyncio.to_thread(keep_region, before)
                raise

    async def follow(self, cloud: PlannerClient) -> None:
        """Take up other contents of the model as the first ``cloud`` serves them, until cancelled."""
        back_off = BackOff(PAUSES_S)
        name, own = next(iter(by_cloud(self._settings).items()))
        while True:
            await self.agent.cloud.model_changed.wait()
            try:
                bundle = await changed_model(own, cloud, self.agent.bundle.first)
                self.agent.cloud.model_changed.clear()
                if bundle is not None:
                    async with self._replacing:
                        await self._replace(BundleSet({name: bundle}))
            except (EvoSplitError, OSError) as refused:
                _log.warning("the model stays as it is: %s", refused)
                await asyncio.sleep(back_off.next_s())
            else:
                back_off.reset()

    async def _replace(self, bundles: BundleSet) -> None:
        old, settings = self.agent, self._settings
        self.agent = await build_agent(settings, bundles, self._token, self._session, old)
        _log.info("serving version %s of %s", bundles.manifest.model_sha256[:12], settings.model)
        await old.sources.end()
        await old.frames.drain()
        await _end(old)
        self.start()


@contextlib.asynccontextmanager
async def serving_agent(
    settings: EdgeSettings,
    bundles: Bundle | BundleSet,
    token: str,
    session: aiohttp.ClientSession,
    without: Collection[str] = (),
) -> AsyncIterator[AgentSlot]:
    """An agent that is ready for frames. At the end, the frames under way are finished first.

    Background tasks named in ``without`` are not started. Raises as `build_agent`.
    """
    chosen = await asyncio.to_thread(with_kept_region, settings)
    first = await build_agent(chosen, bundles, token, session)
    slot = AgentSlot(first, chosen, token, session, without)
    store, log, export = slot.agent.store, slot.agent.decision_log, slot.agent.span_export
    try:
        slot.start()
        yield slot
        await slot.agent.sources.end()
        await slot.agent.frames.drain()
    finally:
        await _end(slot.agent)
        await asyncio.to_thread(store.close)
        if log is not None:
            await asyncio.to_thread(log.close)
        if export is not None:
            await asyncio.to_thread(export.close)


@contextlib.asynccontextmanager
async def running_agent(
    settings: EdgeSettings,
    bundles: Bundle | BundleSet,
    token: str,
    session: aiohttp.ClientSession,
    without: Collection[str] = (),
) -> AsyncIterator[Agent]:
    """As `serving_agent`, for who stays with one network."""
    async with serving_agent(settings, bundles, token, session, without) as slot:
        yield slot.agent


async def _end(agent: Agent) -> None:
    """Stop what runs, and keep what was measured; the store stays open."""
    await agent.background.end()
    await agent.frames.end()
    agent.engine.compute.close()
    await asyncio.to_thread(agent.clouds.first.link.meter.keep)
    await asyncio.to_thread(agent.savings.keep)
    await asyncio.to_thread(agent.predictions.keep, agent.plans.course.known)
