"""HTTP client of the edge agent: posts pictures, times the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evosplit.cli.demo.report_rows import STRATEGIES, TimedAnswer
from evosplit.library.client.asynchronous import AsyncClient


@dataclass(frozen=True)
class DemoFrame:
    """An encoded picture and how to tell whether an outcome is right."""

    picture: bytes
    is_right: Callable[[Any], bool]


@dataclass(frozen=True)
class EdgeClient:
    """A client of one agent, by strategies."""

    agent: AsyncClient

    async def send(self, frame: DemoFrame, strategy: str) -> TimedAnswer:
        """Send one frame and wait for its answer. Raises EvoSplitError when there is none.

        Each strategy is a stream of its own: deltas of one would be of no use to another.
        """
        started_s = time.perf_counter()
        stream = f"demo-{strategy.replace(':', '-')}"
        result = (await self.agent.send(frame.picture, stream=stream, strategy=strategy)).result
        return TimedAnswer(
            latency_s=time.perf_counter() - started_s,
            wire_bytes=result.wire_bytes,
            correct=frame.is_right(result.outcome),
            cut=result.cut_key or "",
            answered_by=result.answered_by,
        )

    async def strategies(self) -> tuple[str, ...]:
        """All ways to go: the strategies of every network, and each cut of the table that is none of them."""
        predictions = (await self.agent.plan())["predictions"]
        cuts = dict.fromkeys(prediction["cut_key"] for prediction in predictions)
        return (*STRATEGIES, *(f"cut:{key}" for key in cuts))
