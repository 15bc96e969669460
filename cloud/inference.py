"""Scheduling of inference: at once where a slot is free, else in batches with others, and never too late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from evosplit.cloud.batching.answer_all import Outcome, answer_all
from evosplit.cloud.batching.batch_sizes import LARGEST
from evosplit.cloud.batching.gate import Gate, always
from evosplit.cloud.batching.tail_hint import tail_hint
from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.prepared import Answer, Prepared
from evosplit.cloud.telemetry.live_figures import LiveFigure, LiveFigures
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.worker_threads import WorkerThreads

T = TypeVar("T")


@dataclass(frozen=True)
class _Whole:
    """A request that is decoded, run and encoded in one turn of a thread."""

    name: str
    call: Call


class Inference:
    """Answers requests in ``slots`` runs at a time, with threads of its own. For one event loop.

    Nobody waits longer than ``timeout_s``.
    """

    def __init__(self, plane: DataPlane, slots: int, timeout_s: float) -> None:
        self._plane = plane
        self._timeout_s = timeout_s
        self._gate = Gate[Prepared | _Whole, Outcome](slots, LARGEST, self._run)
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

    async def answer(
        self,
        name: str,
        call: Call,
        left_s: float = float("inf"),
        is_wanted: Callable[[], bool] = always,
    ) -> Answer:
        """The answer to one request, which has to be there ``left_s`` after its arrival.

        Raises what `DataPlane.answer` does, DeadlineError for what would come too late, and is cancelled
        when it is not wanted any more as its turn comes.
        """
        with self._plane.metrics.request(name):
            deadline_s = call.received_s + min(left_s, self._timeout_s)
            outcome = await self._outcome(name, call, deadline_s, is_wanted)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    def close(self) -> None:
        """Give up what is not begun yet, and wait for what is."""
        self._run_threads.close()
        self._decode_threads.close()

    async def _outcome(
        self, name: str, call: Call, deadline_s: float, is_wanted: Callable[[], bool]
    ) -> Outcome:
        hint, is_open = tail_hint(call.body, call.header_length), self._gate.is_open
        if hint is None and not is_open:
            prepared = await self._within(self._decode_threads, lambda: self._plane.prepare(name, call))
            return await self._gate.outcome(prepared.key, prepared, deadline_s, is_wanted)
        key = (name, call.version, hint)
        return await self._gate.outcome(key, _Whole(name, call), deadline_s, always if is_open else is_wanted)

    async def _run(self, group: list[Prepared | _Whole]) -> list[Outcome]:
        """All of one key, and so of one kind."""
        try:
            return await self._within(self._run_threads, lambda: self._answered(group))
        except EvoSplitError as problem:
            return [problem] * len(group)

    def _answered(self, group: list[Prepared | _Whole]) -> list[Outcome]:
        whole = [each for each in group if isinstance(each, _Whole)]
        if whole:
            return answer_all(self._plane, whole[0].name, [each.call for each in whole])
        return [*self._plane.run([each for each in group if isinstance(each, Prepared)])]

    async def _within(self, threads: WorkerThreads, work: Callable[[], T]) -> T:
        return await in_thread(threads, work, self._timeout_s)


def _figures(gate: Gate[Any, Any]) -> LiveFigures:
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
