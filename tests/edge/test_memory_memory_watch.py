"""The watch between frames: readings and clock are the test's, and so is what trimming gives back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from edge_support import until

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.memory.memory_watch import MemoryWatch
from evosplit.edge.memory.trim_rule import GROWTH_BYTES, LEAST_REST_S, PATIENCE_S

HELD_BYTES = 200 * 10**6


class Process:
    """Memory and time of a process; trimming gives back what is above ``held_bytes``."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.held_bytes = self.resident_bytes = HELD_BYTES
        self.trims = self.looks = 0

    def read(self) -> int:
        self.looks += 1
        return self.resident_bytes

    def trim(self) -> None:
        self.trims += 1
        self.resident_bytes = self.held_bytes

    async def looked_at(self) -> None:
        """Until it was looked at twice more: what is due by then has begun."""
        seen = self.looks
        await until(lambda: self.looks > seen + 1)


@contextlib.asynccontextmanager
async def watched(pause: BackgroundPause) -> AsyncIterator[Process]:
    process = Process()
    watch = MemoryWatch(pause, process.read, process.trim, lambda: process.now_s, every_s=0.001)
    watching = asyncio.create_task(watch.run())
    try:
        await process.looked_at()
        yield process
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def test_what_a_burst_took_is_returned_once_it_is_over() -> None:
    pause = BackgroundPause()
    async with watched(pause) as process:
        with pause.frame():
            process.held_bytes = process.resident_bytes = HELD_BYTES + 64 * GROWTH_BYTES
        process.held_bytes = HELD_BYTES
        process.now_s = LEAST_REST_S
        await until(lambda: process.trims == 1)
        assert process.resident_bytes == HELD_BYTES
        process.resident_bytes += 64 * GROWTH_BYTES
        await process.looked_at()
        assert process.trims == 1
        process.now_s += LEAST_REST_S
        await until(lambda: process.trims == 2)


async def test_memory_that_does_not_grow_is_left_alone() -> None:
    async with watched(BackgroundPause()) as process:
        process.resident_bytes += GROWTH_BYTES - 1
        process.now_s = PATIENCE_S
        await process.looked_at()
        assert process.trims == 0


async def test_frames_without_a_pause_between_them_put_it_off_but_not_for_ever() -> None:
    pause = BackgroundPause()
    async with watched(pause) as process:
        with pause.frame():
            process.resident_bytes += GROWTH_BYTES
            process.now_s = LEAST_REST_S
            await process.looked_at()
            assert process.trims == 0
            process.now_s = PATIENCE_S
            await until(lambda: process.trims == 1)
