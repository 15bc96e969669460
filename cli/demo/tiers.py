"""Cloud tier and edge agent over one folder, in processes of their own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from evosplit.cli.demo.board import Board
from evosplit.cli.demo.client import EdgeClient
from evosplit.cli.demo.processes import Service, service
from evosplit.cli.demo.scenario import Scenario
from evosplit.library.client.asynchronous import AsyncClient
from evosplit.shared.free_ports import free_port

ANSWER_LIMIT_S: Final = 60.0
FLOATS: Final = ("--no-integers", "--max-error", "0")
"""Limits of an agent whose plans quantise nothing."""


@contextlib.asynccontextmanager
async def cloud_tier(folder: Path, token: str) -> AsyncIterator[Service]:
    """A cloud tier that serves ``folder/models``; stopped at the end, whatever happens."""
    arguments = ("--models", str(folder / "models"), "--data", str(folder / "cloud"))
    async with service("cloud", arguments, free_port(), token, folder / "cloud.log") as started:
        yield started


@contextlib.asynccontextmanager
async def edge_agent(
    folder: Path,
    cloud_url: str,
    scenario: Scenario,
    board: Board,
    token: str,
    limits: Sequence[str] = (),
    name: str = "edge",
) -> AsyncIterator[EdgeClient]:
    """A client of an edge agent that was started for it; stopped at the end, whatever happens.

    Its frames all go the way that is asked for, so that strategies are compared frame by frame: it has no
    hooks. ``limits`` are further options, of which the last of a kind counts; ``name`` is its folder's.
    """
    arguments = ("--cloud", cloud_url, "--model", scenario.model.stem, *board.options, "--no-hooks")
    error = () if scenario.max_error is None else ("--max-error", f"{scenario.max_error:g}")
    options = (*arguments, *error, *limits, "--data", str(folder / name))
    async with (
        service("edge", options, free_port(), token, folder / f"{name}.log") as started,
        AsyncClient(started.url, token, timeout_s=ANSWER_LIMIT_S, retries=0) as agent,
    ):
        yield EdgeClient(agent)
