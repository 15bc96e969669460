"""HTTP client of the edge agent: posts pictures, times the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from evosplit.cli.demo.report_rows import STRATEGIES, TimedAnswer
from evosplit.shared.errors import EvoSplitError


@dataclass(frozen=True)
class DemoFrame:
    """An encoded picture and how to tell whether an outcome is right."""

    picture: bytes
    is_right: Callable[[Any], bool]


@dataclass(frozen=True)
class EdgeClient:
    """A client of one agent, over one session."""

    session: aiohttp.ClientSession
    url: str

    async def send(self, frame: DemoFrame, strategy: str) -> TimedAnswer:
        """Send one frame and wait for its answer. Raises EvoSplitError when there is none.

        Each strategy is a stream of its own: deltas of one would be of no use to another.
        """
        params = {"strategy": strategy, "stream": f"demo-{strategy.replace(':', '-')}"}
        started_s = time.perf_counter()
        async with self.session.post(f"{self.url}/v1/frames", params=params, data=frame.picture) as response:
            answer = await response.json(content_type=None)
        latency_s = time.perf_counter() - started_s
        if response.status != 200:
            raise EvoSplitError(f"the edge agent answered {response.status}: {answer.get('error')}")
        return TimedAnswer(
            latency_s=latency_s,
            wire_bytes=answer["wire_bytes"],
            correct=frame.is_right(answer["outcome"]),
            cut=answer["cut_key"],
            answered_by=answer["answered_by"],
        )

    async def strategies(self) -> tuple[str, ...]:
        """All ways to go: the strategies of every network, and each cut of the table that is none of them."""
        cuts = dict.fromkeys(prediction["cut_key"] for prediction in (await self.plan())["predictions"])
        return (*STRATEGIES, *(f"cut:{key}" for key in cuts))

    async def plan(self) -> dict[str, Any]:
        """The agent's current plan and its view of the link."""
        async with self.session.get(f"{self.url}/v1/plan") as response:
            state: dict[str, Any] = await response.json()
        return state
