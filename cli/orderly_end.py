"""SIGTERM as a cancellation: a command that started processes of its own ends them before it goes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

ENDED: Final = 128 + signal.SIGTERM
"""Exit status of a command that a signal ended, as a shell has it."""


def run_to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives; SIGTERM cancels it, and the command's exit status is then 143.

    ``asyncio.run`` does so for SIGINT alone. Blocks; for the main thread.
    """
    try:
        return asyncio.run(_cancelled_by_sigterm(work))
    except asyncio.CancelledError:
        raise SystemExit(ENDED) from None


async def _cancelled_by_sigterm(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work
