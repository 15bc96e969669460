"""Eviction of the state of streams that ended or begin anew: deltas, change masks, hooks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from evosplit.edge.hooks.hook import StreamHook
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Job
from evosplit.edge.streams.stream_ends import StreamEnds


class StreamMemory:
    """Sees the streams of an engine's frames; the deltas, segments and hooks forget those that are over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ends = StreamEnds()

    async def begin(self, job: Job) -> None:
        """A frame comes: forget the streams that ended, or its own where that begins anew."""
        size = () if job.picture is None else job.picture.original
        if over := self._ends.see(job.stream, size, time.monotonic()):
            await self._forget(over)

    async def _forget(self, streams: Sequence[str]) -> None:
        engine = self._engine
        heads = engine.plans.heads
        keepers: list[Any] = [engine.deltas, *(part for head in heads.built() for part in head.segments)]
        keepers += [hook for hook in heads.hooks if isinstance(hook, StreamHook)]
        await engine.compute.run(lambda: [keeper.forget(name) for keeper in keepers for name in streams])
