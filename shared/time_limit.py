"""Timeout of awaited work as a context manager.

``async with time_limit(seconds)`` raises asyncio.TimeoutError when the block takes longer; what it awaited
is cancelled. Unlike `asyncio.wait_for` it runs the work in the caller's own task: before Python 3.12 that
function makes another one, which costs two more rounds of the event loop and may lose a cancellation that
comes just when the work is done. A time limit that is not reached costs one timer.

Python has it from 3.11 on; for 3.10 the package ``async-timeout`` does the same.
"""

from __future__ import annotations

import sys
from typing import Final

if sys.version_info >= (3, 11):
    from asyncio import timeout as time_limit
else:
    from async_timeout import timeout as time_limit

BODY_TIMEOUT_S: Final = 120.0
"""For the body of a request to arrive.

A client that stalls holds a place among the requests under way for so long."""

__all__ = ["BODY_TIMEOUT_S", "time_limit"]
