"""Test bed: a cloud tier in its own process, a shaped link, agents that differ in their hooks alone."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.gate.split_bundle import split_bundle
from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.scenario import GATE_MAX_ERROR, gate_scenario
from evosplit.cli.demo.tiers import cloud_tier
from evosplit.cli.shaper import Shaper
from evosplit.edge.agent import Agent
from evosplit.edge.enrolment.enrol import enrol
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.hook_learning.manager import FILE
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.hooks.hook_file import save_hooks
from evosplit.edge.lifecycle import running_agent
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link

LINK: Final = Link(5e6, 0.01)
SLOWDOWN: Final = 8.0
"""As in the demo."""
AGREEMENT: Final = 0.98
"""What hooks are calibrated to, and what audits ask of them."""


@dataclass(frozen=True)
class Testbed:
    """What agents need to start.

    ``split`` is the bundle of the one split that hooks are compared on, ``planned`` what the planner made for
    this machine. ``graph`` has all weights.
    """

    session: aiohttp.ClientSession
    settings: EdgeSettings
    split: Bundle
    planned: Bundle
    token: str
    graph: Graph
    card: Card

    @contextlib.asynccontextmanager
    async def agent(
        self, name: str, bundle: Bundle, hooks: Sequence[Hook] = (), slowdown: float = SLOWDOWN
    ) -> AsyncIterator[Agent]:
        """A running agent with a store of its own, and just these hooks."""
        settings = self.settings.changed(data=self.settings.data / name, slowdown=slowdown)
        settings.folder.mkdir(parents=True)
        if hooks:  # by way of the file of hooks; a few are audited, and nothing new is learned
            save_hooks(settings.folder / FILE, self.graph.sha256, hooks)
            settings = settings.changed(hooks=True)
        async with running_agent(settings, bundle, self.token, self.session, without=("hooks",)) as agent:
            yield agent


@contextlib.asynccontextmanager
async def gate_testbed(link: Link = LINK) -> AsyncIterator[Testbed]:
    """Everything but the agents, enrolled for the built-in network as the demo does."""
    scenario, token = gate_scenario(), new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-gate-") as name:
        folder = Path(name)
        scenario.install(folder / "models")
        async with contextlib.AsyncExitStack() as stack:
            cloud = await stack.enter_async_context(cloud_tier(folder, token))
            shaper = await stack.enter_async_context(Shaper.between(cloud.url, link))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            data, model = folder / "edge", scenario.model.stem
            settings = EdgeSettings(
                cloud_url=shaper.url, model=model, data=data, token=token, max_error=GATE_MAX_ERROR
            )
            settings = settings.changed(slowdown=SLOWDOWN, hooks=False, exit_agreement=AGREEMENT)
            planned = await enrol(settings, PlannerClient(session, shaper.url, model, token))
            graph = load_graph(scenario.model)
            card = check_card(load_card(scenario.card), graph)
            split = split_bundle(graph, card, link, folder / "split.evb")
            yield Testbed(session, settings, split, planned, token, graph, card)
