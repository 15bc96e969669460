"""Work in threads of a pool, awaited for a limited time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from starlette.exceptions import HTTPException

from evosplit.shared.time_limit import time_limit

T = TypeVar("T")

_log = logging.getLogger(__name__)


async def in_thread(pool: ThreadPoolExecutor, work: Callable[[], T], timeout_s: float) -> T:
    """Run in a thread; on time-out the client is told, and the thread finishes by itself.

    Work that is still in the queue then never begins. What goes wrong in a thread that nobody waits for any
    more is one entry in the log.
    """
    future = pool.submit(work)
    try:
        async with time_limit(timeout_s):
            return await asyncio.wrap_future(future)
    except asyncio.TimeoutError:
        future.add_done_callback(_log_late_failure)
        raise HTTPException(504, f"no answer within {timeout_s:g} s") from None


def _log_late_failure(future: Future[T]) -> None:
    if not future.cancelled() and (failure := future.exception()) is not None:
        _log.error("work that was given up after its time-out failed", exc_info=failure)
