"""Cloud tier and edge agent over one folder, in processes of their own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from evosplit.cli.demo.client import EdgeClient
from evosplit.cli.demo.processes import Service, free_port, service
from evosplit.cli.demo.scenario import Scenario
from evosplit.library.client.asynchronous import AsyncClient

ANSWER_LIMIT_S = 60.0


@contextlib.asynccontextmanager
async def cloud_tier(folder: Path, token: str) -> AsyncIterator[Service]:
    """A cloud tier that serves ``folder/models``; stopped at the end, whatever happens."""
    arguments = ("--models", str(folder / "models"), "--data", str(folder / "cloud"))
    async with service("cloud", arguments, free_port(), token, folder / "cloud.log") as started:
        yield started


@contextlib.asynccontextmanager
async def edge_agent(
    folder: Path, cloud_url: str, scenario: Scenario, slowdown: float, token: str, is_float: bool = False
) -> AsyncIterator[EdgeClient]:
    """A client of an edge agent that was started for it; stopped at the end, whatever happens.

    Its frames all go the way that is asked for, so that strategies are compared frame by frame: it has no
    hooks. With ``is_float`` its plans quantise nothing.
    """
    arguments = ("--cloud", cloud_url, "--model", scenario.model.stem, "--slowdown", f"{slowdown:g}")
    name = "edge-float" if is_float else "edge"
    data = ("--no-hooks", "--data", str(folder / name))
    options = (*arguments, *data, *_limits(scenario, is_float))
    log = folder / f"{name}.log"
    async with (
        service("edge", options, free_port(), token, log) as started,
        AsyncClient(started.url, token, timeout_s=ANSWER_LIMIT_S, retries=0) as agent,
    ):
        yield EdgeClient(agent)


def _limits(scenario: Scenario, is_float: bool) -> tuple[str, ...]:
    if is_float:
        return ("--no-integers", "--max-error", "0")
    return () if scenario.max_error is None else ("--max-error", f"{scenario.max_error:g}")
