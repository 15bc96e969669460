"""Deferred work of an event loop: what is learnt of frames, once their answers have been sent.

Nobody waits for it: it is done between two frames, in the order in which it came, and all of it before
another frame chooses its way.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

MOST_S: Final = 0.01
"""Nothing waits for longer, whether an answer is sent or not."""

_log = logging.getLogger(__name__)


class AfterAnswers:
    """Calls what was added to it. All of it belongs to one event loop."""

    def __init__(self) -> None:
        self._work: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._work)

    def add(self, work: Callable[[], None]) -> None:
        """Call this later; what goes wrong then is one entry in the log."""
        self._work.append(work)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MOST_S, self.run)

    def soon(self) -> None:
        """Run after what is running now, which writes an answer."""
        if self._work:
            asyncio.get_running_loop().call_soon(self.run)

    def run(self) -> None:
        """Call all of it now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._work:
            self._call(self._work.popleft())

    def _call(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - one that fails is not to end the others
            _log.exception("what is learnt of a frame failed")
