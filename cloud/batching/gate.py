"""Dynamic batching, work-conserving: what waits for the same tail runs together in one of a few slots.

Nobody waits while a slot is free; what comes meanwhile is held back, and runs in one go. A batcher that
waits for a time (``serve.batch``) behind it would find whole batches, and cost as much again. For one event
loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from evosplit.cloud.batching.expected_times import ExpectedTimes
from evosplit.shared.errors import DeadlineError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _Waiting(Generic[T, R]):
    key: Hashable
    item: T
    deadline_s: float
    is_wanted: Callable[[], bool]
    outcome: asyncio.Future[R]


@dataclass(frozen=True, eq=False)
class _Group(Generic[T, R]):
    """Those that run together in a slot."""

    members: Sequence[_Waiting[T, R]]
    started_s: float

    @property
    def key(self) -> Hashable:
        return self.members[0].key


def always() -> bool:
    """Whether work is wanted that nobody gives up."""
    return True


class Gate(Generic[T, R]):
    """Slots for groups of at most ``largest``, each run by ``run``, whose outcomes are in the items' order.

    ``clock`` gives seconds as deadlines do.
    """

    def __init__(
        self,
        slots: int,
        largest: int,
        run: Callable[[list[T]], Awaitable[Sequence[R]]],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._free = self._slots = slots
        self._largest = largest
        self._run = run
        self._clock = clock
        self._waiting: deque[_Waiting[T, R]] = deque()
        self._running: dict[asyncio.Task[None], _Group[T, R]] = {}
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
        return min(map(self._left_s, self._running.values()), default=0.0) + self._queued_s()

    async def outcome(
        self,
        key: Hashable,
        item: T,
        deadline_s: float = float("inf"),
        is_wanted: Callable[[], bool] = always,
    ) -> R:
        """What its run gives for an item, which begins at once or when a slot is free.

        What is not wanted any more when its turn comes is cancelled. Raises DeadlineError for what is too
        late, and what the run raises.
        """
        self._check(key, deadline_s)
        made: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(key, item, deadline_s, is_wanted, made))
        self._admit()
        return await made

    def _check(self, key: Hashable, deadline_s: float) -> None:
        left_s, wanted_s = deadline_s - self._clock(), self._queued_s() + self._expected.group_s(key)
        if left_s < wanted_s or left_s <= 0:
            raise DeadlineError(
                f"{max(left_s, 0) * 1e3:.0f} ms are left; it would take {wanted_s * 1e3:.0f} ms"
            )

    def _queued_s(self) -> float:
        return sum(self._expected.sample_s(other.key) for other in self._waiting) / self._slots

    def _left_s(self, group: _Group[T, R]) -> float:
        return max(self._expected.group_s(group.key) - (self._clock() - group.started_s), 0.0)

    def _admit(self) -> None:
        while self._free and self._waiting:
            chosen = self._next_group()
            if chosen:
                self._free -= 1
                group = _Group(chosen, self._clock())
                task = asyncio.get_running_loop().create_task(self._run_group(group))
                self._running[task] = group
                task.add_done_callback(self._left)

    async def _run_group(self, group: _Group[T, R]) -> None:
        try:
            outcomes = await self._run([member.item for member in group.members])
        except Exception as problem:  # noqa: BLE001 - raised where the outcomes are awaited
            for member in group.members:
                if not member.outcome.done():
                    member.outcome.set_exception(problem)
            return
        for member, outcome in zip(group.members, outcomes, strict=True):
            if not member.outcome.done():  # nobody waits for it any more
                member.outcome.set_result(outcome)

    def _left(self, task: asyncio.Task[None]) -> None:
        group = self._running.pop(task)
        self._expected.note(group.key, self._clock() - group.started_s, len(group.members))
        self._free += 1
        self._admit()

    def _next_group(self) -> list[_Waiting[T, R]]:
        """The longest waiting one and others of its key; what is given up or too late goes."""
        alive = [waiting for waiting in self._waiting if not self._is_late(waiting)]
        chosen = [waiting for waiting in alive if waiting.key == alive[0].key][: self._largest]
        taken = set(map(id, chosen))
        self._waiting = deque(waiting for waiting in alive if id(waiting) not in taken)
        return [waiting for waiting in chosen if not self._is_given_up(waiting)]

    def _is_late(self, waiting: _Waiting[T, R]) -> bool:
        if not waiting.outcome.done() and self._clock() >= waiting.deadline_s:
            waiting.outcome.set_exception(DeadlineError("the time ran out before its turn came"))
        return waiting.outcome.done()

    @staticmethod
    def _is_given_up(waiting: _Waiting[T, R]) -> bool:
        if not waiting.is_wanted():
            waiting.outcome.cancel()
        return waiting.outcome.done()
