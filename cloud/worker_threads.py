"""Work in threads, awaited for a limited time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.exceptions import HTTPException

from evosplit.shared.time_limit import time_limit
from evosplit.shared.worker_threads import WorkerThreads

T = TypeVar("T")


async def in_thread(threads: WorkerThreads, work: Callable[[], T], timeout_s: float) -> T:
    """Run in a thread; on time-out the client is told, and the thread finishes by itself.

    Raises HTTPException (504) after ``timeout_s``, and what the work raises.
    """
    try:
        async with time_limit(timeout_s):
            return await threads.run(work)
    except asyncio.TimeoutError:
        raise HTTPException(504, f"no answer within {timeout_s:g} s") from None
