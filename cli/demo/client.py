"""HTTP client of the edge agent: posts pictures, times the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evosplit.cli.demo.strategies import TimedAnswer
from evosplit.edge.pipeline.strategies import names_plan
from evosplit.library.client.asynchronous import AsyncClient
from evosplit.shared.errors import EvoSplitError, InputError
from evosplit.shared.plan import PlanTable
from evosplit.shared.serial import from_data


@dataclass(frozen=True)
class DemoFrame:
    """An encoded picture and how to tell whether an outcome is right."""

    picture: bytes
    is_right: Callable[[Any], bool]


@dataclass(frozen=True)
class EdgeClient:
    """A client of one agent, by strategies."""

    agent: AsyncClient

    async def send(self, frame: DemoFrame, strategy: str) -> TimedAnswer | None:
        """Send one frame and wait for its answer. Raises EvoSplitError when there is none.

        None where the agent serves other plans meanwhile, and the strategy names none of them. Each strategy
        is a stream of its own: deltas of one would be of no use to another.
        """
        started_s = time.perf_counter()
        stream = f"demo-{strategy.replace(':', '-')}"
        try:
            result = (await self.agent.send(frame.picture, stream=stream, strategy=strategy)).result
        except InputError:
            if names_plan(strategy):
                return None
            raise
        return TimedAnswer(
            latency_s=time.perf_counter() - started_s,
            wire_bytes=result.wire_bytes,
            correct=frame.is_right(result.outcome),
            cut=result.cut_key or "",
            answered_by=result.answered_by,
        )

    async def table(self) -> PlanTable:
        """The plan table that it serves."""
        return from_data(PlanTable, (await self.agent.plan())["table"], EvoSplitError)
