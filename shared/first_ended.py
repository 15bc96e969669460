"""Race of coroutines: run together until the first one ends, then cancel the others.

For what goes both ways over one connection: the reader may leave while nothing is written, and a writer may
be at its end while nothing is read. ``asyncio.TaskGroup`` would wait for all of them, and is not in Python
3.10.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def until_first_ends(*work: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, or this is cancelled; none of them runs on afterwards.

    What they raise is dropped: for the two directions of a connection, of which either end is the end.
    """
    tasks = {asyncio.create_task(each) for each in work}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
