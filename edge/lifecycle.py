"""Lifecycle of an edge agent: it is built, its background tasks run while it serves, and it ends in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

import aiohttp

from evosplit.edge.agent import Agent
from evosplit.edge.build_agent import build_agent
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle


@contextlib.asynccontextmanager
async def running_agent(
    settings: EdgeSettings,
    bundle: Bundle,
    token: str,
    session: aiohttp.ClientSession,
    without: Collection[str] = (),
) -> AsyncIterator[Agent]:
    """An agent that is ready for frames. At the end, the frames under way are finished first.

    Background tasks named in ``without`` are not started. Raises as `build_agent`.
    """
    agent = await build_agent(settings, bundle, token, session)
    try:
        for name, work in agent.tasks.items():
            if name not in without:
                agent.background.start(name, work)
        agent.sources.start()
        yield agent
        await agent.sources.end()
        await agent.frames.drain()
    finally:
        await _end(agent)


async def _end(agent: Agent) -> None:
    """Stop what runs, and keep what was measured."""
    await agent.background.end()
    await agent.frames.end()
    agent.engine.compute.close()
    await asyncio.to_thread(agent.cloud.meter.keep)
    await asyncio.to_thread(agent.savings.keep)
    await asyncio.to_thread(agent.predictions.keep, agent.plans.course.known)
    await asyncio.to_thread(agent.store.close)
