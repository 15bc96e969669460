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
    folder: Path, cloud_url: str, scenario: Scenario, slowdown: float, token: str
) -> AsyncIterator[EdgeClient]:
    """A client of an edge agent that was started for it; stopped at the end, whatever happens.

    The agent emulates a small board: one without integer units, whose frames all go the planned way, so that
    strategies are compared frame by frame.
    """
    arguments = ("--cloud", cloud_url, "--model", scenario.model.stem, "--slowdown", f"{slowdown:g}")
    plain = ("--no-integers", "--no-hooks")
    limit = () if scenario.max_error is None else ("--max-error", f"{scenario.max_error:g}")
    data = ("--data", str(folder / "edge"))
    async with (
        service(
            "edge", (*arguments, *plain, *limit, *data), free_port(), token, folder / "edge.log"
        ) as started,
        AsyncClient(started.url, token, timeout_s=ANSWER_LIMIT_S, retries=0) as agent,
    ):
        yield EdgeClient(agent)
