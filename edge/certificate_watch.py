"""Certificate reload: files that others replace are taken up while the agent serves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from evosplit.shared.errors import UsageError
from evosplit.shared.security.file_watch import LOOK_S, FileWatch

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def following(
    paths: Sequence[Path], take_up: Callable[[], Awaitable[None]], every_s: float = LOOK_S
) -> AsyncIterator[None]:
    """Call ``take_up`` whenever one of the files has changed; what it refuses (UsageError) is one line."""
    task = asyncio.create_task(_follow(FileWatch(paths), take_up, every_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(watch: FileWatch, take_up: Callable[[], Awaitable[None]], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        if await asyncio.to_thread(watch.has_changed):
            try:
                await take_up()
            except UsageError as unusable:
                _log.warning("the certificate in use stays: %s", unusable)
            else:
                _log.info("a new certificate is in use")
