"""Mailbox from a capturing thread to an event loop: the latest item wins, or the thread waits."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_ROOM: Final = 2
"""Items that wait where none may be dropped."""


class Mailbox(Generic[T]):
    """``put`` is for one thread, ``get`` for one task of ``loop``; either may close it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, drops: bool) -> None:
        self._loop = loop
        self._room = 1 if drops else _ROOM
        self._drops = drops
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._arrived = asyncio.Event()
        self._failure: BaseException | None = None
        self._is_closed = False

    def put(self, item: T) -> bool:
        """Lay an item down: in place of one not fetched, or once there is room. False when closed."""
        with self._changed:
            if self._drops:
                self._items.clear()
            self._changed.wait_for(lambda: len(self._items) < self._room or self._is_closed)
            if self._is_closed:
                return False
            self._items.append(item)
        self._notify()
        return True

    def end(self, failure: BaseException | None = None) -> None:
        """Nothing more will be put; what is there is still fetched, then ``failure`` is raised."""
        with self._changed:
            self._failure, self._is_closed = failure, True
            self._changed.notify_all()
        self._notify()

    def close(self) -> None:
        """Nothing more will be fetched: a thread that waits for room goes on."""
        with self._changed:
            self._is_closed = True
            self._items.clear()
            self._changed.notify_all()

    async def get(self) -> T | None:
        """The next item; None at the end. Raises the failure that ended it."""
        while True:
            with self._changed:
                self._arrived.clear()
                if self._items:
                    item = self._items.popleft()
                    self._changed.notify_all()
                    return item
                if self._is_closed:
                    if self._failure is not None:
                        raise self._failure
                    return None
            await self._arrived.wait()

    def _notify(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arrived.set)
