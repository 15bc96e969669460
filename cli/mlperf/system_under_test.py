"""System under test of LoadGen: its queries become requests to a tier on an event loop of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, TypeVar

import mlperf_loadgen

from evosplit.cli.mlperf.samples import Sample
from evosplit.library.client.connection import Connection
from evosplit.library.client.transport import Call, Reply, Transport
from evosplit.shared.errors import EvoSplitError

T = TypeVar("T")


class SystemUnderTest:
    """One tier, with at most ``concurrency`` requests under way; those beyond it wait, and that counts.

    ``issue`` and ``flush`` are LoadGen's callbacks, from threads of its own. A request that fails is
    completed, since LoadGen knows no failures, and counted: a run with ``failures`` says nothing.
    """

    def __init__(self, transport: Transport, concurrency: int) -> None:
        self.failures = 0
        self.last_failure: str | None = None
        self._connection = Connection(transport)
        self._places = asyncio.Semaphore(concurrency)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="system under test", daemon=True)

    def __enter__(self) -> SystemUnderTest:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, call: Call) -> Reply:
        """One request outside of the measurement. Raises as `Transport.send`."""
        return self._wait(self._connection.call(call))

    def issue(self, samples: Sequence[Sample], queries: Sequence[mlperf_loadgen.QuerySample]) -> None:
        """Send the queried samples; returns at once."""
        for query in queries:
            asyncio.run_coroutine_threadsafe(self._answer(samples[query.index], query.id), self._loop)

    def flush(self) -> None:
        """Nothing is held back."""

    async def _answer(self, sample: Sample, query_id: int) -> None:
        async with self._places:
            try:
                await self._connection.call(sample.call(), is_repeated=False)
            except EvoSplitError as refused:
                self.failures += 1
                self.last_failure = str(refused)
        mlperf_loadgen.QuerySamplesComplete([mlperf_loadgen.QuerySampleResponse(query_id, 0, 0)])

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
