"""Work-conserving admission to a few slots: samples that wait for the same tail enter together.

Ray Serve forms batches by waiting for a time. Here nobody waits while a slot is free; what comes meanwhile
is held back and enters in one go, so that Ray Serve meets a whole batch. For one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass

from evosplit.cloud.batching.expected_times import ExpectedTimes
from evosplit.shared.errors import DeadlineError


@dataclass(frozen=True)
class _Waiting:
    key: Hashable
    deadline_s: float
    turn: asyncio.Future[_Group]


@dataclass(eq=False)
class _Group:
    """Those that share a slot, until the last one leaves."""

    key: Hashable
    size: int
    started_s: float
    left: int


class Gate:
    """Slots for groups of at most ``largest``; ``clock`` gives seconds as deadlines do."""

    def __init__(self, slots: int, largest: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._free = self._slots = slots
        self._largest = largest
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._running: set[_Group] = set()
        self._expected = ExpectedTimes()

    @property
    def is_open(self) -> bool:
        """Whether a slot is free."""
        return self._free > 0

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return len(self._waiting)

    def wait_s(self) -> float:
        """Seconds that what came now would wait for a slot, as far as past runs tell; 0 while one is free."""
        if self._free:
            return 0.0
        return min(map(self._left_s, self._running), default=0.0) + self._queued_s()

    @contextlib.asynccontextmanager
    async def slot(self, key: Hashable, deadline_s: float = float("inf")) -> AsyncIterator[None]:
        """A share in a slot, at once or when one is free. Raises DeadlineError for work that is too late."""
        self._check(key, deadline_s)
        group = await self._entered(_Waiting(key, deadline_s, asyncio.get_running_loop().create_future()))
        try:
            yield
        finally:
            self._leave(group)

    def _check(self, key: Hashable, deadline_s: float) -> None:
        left_s, wanted_s = deadline_s - self._clock(), self._queued_s() + self._expected.group_s(key)
        if left_s < wanted_s or left_s <= 0:
            raise DeadlineError(
                f"{max(left_s, 0) * 1e3:.0f} ms are left; it would take {wanted_s * 1e3:.0f} ms"
            )

    def _queued_s(self) -> float:
        return sum(self._expected.sample_s(other.key) for other in self._waiting) / self._slots

    def _left_s(self, group: _Group) -> float:
        return max(self._expected.group_s(group.key) - (self._clock() - group.started_s), 0.0)

    async def _entered(self, newest: _Waiting) -> _Group:
        self._waiting.append(newest)
        self._admit()
        try:
            return await newest.turn
        except asyncio.CancelledError:
            if newest.turn.done() and not newest.turn.cancelled():
                self._leave(newest.turn.result())  # cancelled just after its turn had come
            raise

    def _leave(self, group: _Group) -> None:
        group.left -= 1
        if group.left == 0:
            self._expected.note(group.key, self._clock() - group.started_s, group.size)
            self._running.discard(group)
            self._free += 1
            self._admit()

    def _admit(self) -> None:
        while self._free and self._waiting:
            chosen = self._next_group()
            if chosen:
                self._free -= 1
                group = _Group(chosen[0].key, len(chosen), self._clock(), len(chosen))
                self._running.add(group)
                for member in chosen:
                    member.turn.set_result(group)

    def _next_group(self) -> list[_Waiting]:
        """The longest waiting one and others of its key; what is given up or too late goes."""
        alive = [waiting for waiting in self._waiting if not self._is_lost(waiting)]
        chosen = [waiting for waiting in alive if waiting.key == alive[0].key][: self._largest]
        taken = set(map(id, chosen))
        self._waiting = deque(waiting for waiting in alive if id(waiting) not in taken)
        return chosen

    def _is_lost(self, waiting: _Waiting) -> bool:
        if not waiting.turn.done() and self._clock() >= waiting.deadline_s:
            waiting.turn.set_exception(DeadlineError("the time ran out before its turn came"))
        return waiting.turn.done()
