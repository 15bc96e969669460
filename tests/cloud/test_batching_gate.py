"""Slots: at once when free, together when of one tail, never too late, never lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from told_clock import Clock

from evosplit.cloud.batching.gate import Gate
from evosplit.shared.errors import DeadlineError


@dataclass
class Workers:
    """Take a slot, note who is in, and leave when told."""

    gate: Gate
    inside: list[str] = field(default_factory=list)
    go_on: dict[str, asyncio.Event] = field(default_factory=dict)

    def start(self, name: str, key: str, deadline_s: float = float("inf")) -> asyncio.Task[None]:
        self.go_on[name] = asyncio.Event()
        return asyncio.create_task(self._work(name, key, deadline_s))

    async def _work(self, name: str, key: str, deadline_s: float) -> None:
        async with self.gate.slot(key, deadline_s):
            self.inside.append(name)
            await self.go_on[name].wait()
        self.inside.remove(name)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_waits_for_one_tail_enters_together() -> None:
    workers = Workers(Gate(1, largest=2))
    tasks = [workers.start(name, name[0]) for name in ("a1", "a2", "b1", "a3", "a4")]
    await settle()
    assert workers.inside == ["a1"]
    for entered in (["a2", "a3"], ["b1"], ["a4"], []):
        for name in list(workers.inside):
            workers.go_on[name].set()
        await settle()
        assert workers.inside == entered
    await asyncio.gather(*tasks)
    assert workers.gate.is_open


async def test_a_slot_is_free_when_the_last_of_a_group_has_left() -> None:
    workers = Workers(Gate(1, largest=4))
    tasks = [workers.start(name, "a") for name in ("1", "2", "3")]
    await settle()
    workers.go_on["1"].set()
    await settle()
    assert workers.inside == ["2", "3"]
    workers.go_on["2"].set()
    await settle()
    assert not workers.gate.is_open
    workers.go_on["3"].set()
    await asyncio.gather(*tasks)
    assert workers.gate.is_open


async def test_what_is_given_up_takes_no_slot() -> None:
    workers = Workers(Gate(1, largest=4))
    first, second, third = (workers.start(name, name) for name in "abc")
    await settle()
    second.cancel()
    workers.go_on["a"].set()
    await asyncio.gather(first, second, return_exceptions=True)
    await settle()
    assert workers.inside == ["c"]
    workers.go_on["c"].set()
    await third
    assert (workers.gate.is_open, workers.gate.waiting) == (True, 0)


async def test_one_that_is_cancelled_at_its_turn_gives_it_back() -> None:
    workers = Workers(Gate(1, largest=1))
    async with workers.gate.slot("a"):
        waiting = workers.start("b", "b")
        await settle()
    waiting.cancel()  # its turn has come, but it has not run since
    await asyncio.gather(waiting, return_exceptions=True)
    assert (workers.inside, workers.gate.is_open) == ([], True)


async def test_too_late_is_refused_at_once() -> None:
    clock = Clock()
    gate = Gate(1, largest=4, clock=clock)
    async with gate.slot("a"):
        clock.now_s += 0.5
    with pytest.raises(DeadlineError, match="400 ms are left; it would take 500 ms"):
        async with gate.slot("a", clock.now_s + 0.4):
            pytest.fail("it would be too late")
    async with gate.slot("a", clock.now_s + 0.6):
        pass
    async with gate.slot("something quicker", clock.now_s + 0.4):
        pass
    with pytest.raises(DeadlineError):
        async with gate.slot("new", clock.now_s):
            pytest.fail("there is no time left")


async def test_the_queue_counts() -> None:
    clock = Clock()
    gate = Gate(1, largest=1, clock=clock)
    async with gate.slot("a"):
        clock.now_s += 1.0
    workers = Workers(gate)
    tasks = [workers.start(name, "a") for name in ("1", "2", "3")]
    await settle()
    with pytest.raises(DeadlineError, match="it would take 3000 ms"):
        async with gate.slot("a", clock.now_s + 2.5):
            pytest.fail("two wait already")
    for name in ("1", "2", "3"):
        workers.go_on[name].set()
    await asyncio.gather(*tasks)


async def test_a_turn_that_comes_too_late() -> None:
    clock = Clock()
    workers = Workers(Gate(1, largest=4, clock=clock))
    first, late = workers.start("1", "a"), workers.start("2", "b", deadline_s=5.0)
    await settle()
    clock.now_s = 6.0
    workers.go_on["1"].set()
    await first
    with pytest.raises(DeadlineError, match="before its turn"):
        await late
    assert workers.gate.is_open
