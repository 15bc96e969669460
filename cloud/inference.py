"""Scheduling of inference: at once where a slot is free, else in batches with others, and never too late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from evosplit.cloud.batching.batch_sizes import LARGEST
from evosplit.cloud.batching.gate import Gate
from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.prepared import Answer, Prepared
from evosplit.cloud.tail_cache import TailKey
from evosplit.cloud.telemetry.live_figures import LiveFigure, LiveFigures
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.worker_threads import WorkerThreads

T = TypeVar("T")
Outcome: TypeAlias = Answer | EvoSplitError
RunBatch: TypeAlias = Callable[[list[Prepared]], Awaitable[list[Outcome]]]
"""Runs requests of any keys; the outcomes come in their order."""
MakeBatcher: TypeAlias = Callable[[RunBatch, int], Callable[[Prepared], Awaitable[Outcome]]]
"""Gathers single requests into batches of at most `LARGEST` and so many at a time, in one event loop."""


class Inference:
    """Answers requests in ``slots`` runs at a time, with threads of its own. For one event loop.

    Without ``make_batcher`` each request runs by itself. Nobody waits longer than ``timeout_s``.
    """

    def __init__(
        self, plane: DataPlane, slots: int, timeout_s: float, make_batcher: MakeBatcher | None = None
    ) -> None:
        self._plane = plane
        self._timeout_s = timeout_s
        self._gate = Gate(slots, LARGEST)
        self._batched = make_batcher(self._run, slots) if make_batcher else self._alone
        self._run_threads = WorkerThreads(slots, "infer")
        self._decode_threads = WorkerThreads(slots, "decode")
        plane.metrics.register(_figures(self._gate))

    @property
    def waiting(self) -> int:
        """How many requests wait for a slot."""
        return self._gate.waiting

    def wait_s(self) -> float:
        """Seconds that a request which came now would wait for its turn."""
        return self._gate.wait_s()

    async def answer(self, name: str, call: Call, left_s: float = float("inf")) -> Answer:
        """The answer to one request, which has to be there ``left_s`` after its arrival.

        Raises what `DataPlane.answer` does, and DeadlineError for what would come too late.
        """
        with self._plane.metrics.request(name):
            return await self._answer(name, call, call.received_s + min(left_s, self._timeout_s))

    def close(self) -> None:
        """Give up what is not begun yet, and wait for what is."""
        self._run_threads.close()
        self._decode_threads.close()

    async def _answer(self, name: str, call: Call, deadline_s: float) -> Answer:
        if self._gate.is_open:
            async with self._gate.slot(name, deadline_s):
                return await self._within(self._run_threads, lambda: self._plane.answer(name, call))
        prepared = await self._within(self._decode_threads, lambda: self._plane.prepare(name, call))
        async with self._gate.slot(prepared.key, deadline_s):
            outcome = await self._batched(prepared)
        if isinstance(outcome, EvoSplitError):
            raise outcome
        return outcome

    async def _alone(self, prepared: Prepared) -> Outcome:
        return (await self._run([prepared]))[0]

    async def _run(self, batch: list[Prepared]) -> list[Outcome]:
        groups: dict[TailKey, list[Prepared]] = {}
        for prepared in batch:
            groups.setdefault(prepared.key, []).append(prepared)
        made = await asyncio.gather(*(self._run_group(group) for group in groups.values()))
        outcomes = {key: iter(group) for key, group in zip(groups, made, strict=True)}
        return [next(outcomes[prepared.key]) for prepared in batch]

    async def _run_group(self, group: list[Prepared]) -> list[Outcome]:
        try:
            return await self._within(self._run_threads, lambda: self._plane.run(group))
        except EvoSplitError as problem:
            return [problem] * len(group)

    async def _within(self, threads: WorkerThreads, work: Callable[[], T]) -> T:
        return await in_thread(threads, work, self._timeout_s)


def _figures(gate: Gate) -> LiveFigures:
    return LiveFigures(
        LiveFigure(
            "evosplit_cloud_requests_waiting", "Requests that wait for a slot.", "gauge", lambda: gate.waiting
        ),
        LiveFigure(
            "evosplit_cloud_expected_wait_seconds",
            "Seconds that a request which came now would wait for its turn.",
            "gauge",
            gate.wait_s,
        ),
    )
