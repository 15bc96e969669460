"""A cloud tier of its own process, a shaped link, and agents of this one that differ in their hooks alone."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp

from cli.demo.cast import GATE_MAX_ERROR, built_in
from cli.demo.processes import new_token
from cli.demo.stage import cloud_tier
from cli.shaper import Shaper
from edge.agent import Agent
from edge.enrol import enrol
from edge.hooking import FILE, Hooking
from edge.hooks.files import save_hooks
from edge.hooks.hook import Hook
from edge.planner_client import PlannerClient
from edge.running import running_agent
from edge.settings import EdgeSettings
from shared.bundle import Bundle
from shared.graph import Graph, load_graph
from shared.link import Link

LINK: Final = Link(5e6, 0.01)
SLOWDOWN: Final = 8.0
"""As in the demo."""
AGREEMENT: Final = 0.98
"""What hooks are calibrated to, and what audits ask of them."""


@dataclass(frozen=True)
class Stage:
    """What agents need to start. ``bundle`` was planned for this machine; ``graph`` has all weights."""

    session: aiohttp.ClientSession
    settings: EdgeSettings
    bundle: Bundle
    token: str
    graph: Graph

    def split_bundle(self) -> Bundle:
        """The bundle with just that plan of its table that runs a head and is the best of those on `LINK`.

        Hooks need a head. Where the table sends pictures on this link, it has one for slower links.
        """
        manifest = self.bundle.manifest
        split = [plan for plan in manifest.table.plans if plan.boundary and plan.cut_key != "0"]
        plan = min(split, key=lambda plan: plan.latency_at(LINK).total_s)
        table = replace(manifest.table, breakpoints_bps=(), plans=(plan,), fallback=None)
        return replace(self.bundle, manifest=replace(manifest, table=table))

    @contextlib.asynccontextmanager
    async def agent(
        self, name: str, bundle: Bundle, hooks: Sequence[Hook] = (), slowdown: float = SLOWDOWN
    ) -> AsyncIterator[Agent]:
        """A running agent with a store of its own, and just these hooks."""
        settings = replace(self.settings, data=self.settings.data / name, slowdown=slowdown)
        settings.folder.mkdir(parents=True)
        async with running_agent(settings, bundle, self.token, self.session) as agent:
            if hooks:
                await use_hooks(agent, hooks, settings)
            yield agent


@contextlib.asynccontextmanager
async def gate_stage(link: Link = LINK) -> AsyncIterator[Stage]:
    """Everything but the agents, enrolled for the built-in network as the demo does."""
    cast, token = built_in(), new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-gate-") as name:
        folder = Path(name)
        cast.install(folder / "models")
        async with contextlib.AsyncExitStack() as stack:
            cloud = await stack.enter_async_context(cloud_tier(folder, token))
            shaper = await stack.enter_async_context(Shaper.between(cloud.url, link))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            data, model = folder / "edge", cast.model.stem
            settings = EdgeSettings(shaper.url, model, data, token=token, max_error=GATE_MAX_ERROR)
            settings = replace(settings, slowdown=SLOWDOWN, hooks=False, exit_agreement=AGREEMENT)
            bundle = await enrol(settings, PlannerClient(session, shaper.url, model, token))
            yield Stage(session, settings, bundle, token, load_graph(cast.model))


async def use_hooks(agent: Agent, hooks: Sequence[Hook], settings: EdgeSettings) -> None:
    """Give an agent hooks by way of its file of hooks. It audits a few, and learns nothing new."""
    save_hooks(settings.folder / FILE, agent.engine.model.graph.sha256, hooks)
    hooking = Hooking(agent.engine, settings)
    hooking.load()
    await agent.engine.change_hooks(hooking.hooks)
    agent.hooking, agent.under_way = hooking, hooking.frame
