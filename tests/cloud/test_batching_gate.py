"""Batches: at once when a slot is free, together when of one tail, never too late, never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from told_clock import Clock

from evosplit.cloud.batching.gate import Gate, always
from evosplit.shared.errors import DeadlineError


@dataclass
class Runs:
    """Runs groups, one after the other, each until it is told to go on."""

    largest: int = 4
    clock: Clock = field(default_factory=Clock)
    groups: list[list[str]] = field(default_factory=list)
    go_on: list[asyncio.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate[str, str](1, self.largest, self.run, self.clock)

    def start(
        self,
        name: str,
        key: str,
        deadline_s: float = float("inf"),
        is_wanted: Callable[[], bool] = always,
    ) -> asyncio.Task[str]:
        return asyncio.ensure_future(self.gate.outcome(key, name, deadline_s, is_wanted))

    async def run(self, group: list[str]) -> list[str]:
        self.groups.append(group)
        self.go_on.append(asyncio.Event())
        await self.go_on[-1].wait()
        if "broken" in group:
            raise ValueError("broken")
        return [name.upper() for name in group]

    async def finish(self) -> None:
        """Let the group that runs go on."""
        self.go_on[-1].set()
        await settle()


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def test_who_waits_for_one_tail_runs_together() -> None:
    runs = Runs(largest=2)
    tasks = [runs.start(name, name[0]) for name in ("a1", "a2", "b1", "a3", "a4")]
    await settle()
    for _ in range(4):
        assert not runs.gate.is_open
        await runs.finish()
    assert runs.groups == [["a1"], ["a2", "a3"], ["b1"], ["a4"]]
    assert await asyncio.gather(*tasks) == ["A1", "A2", "B1", "A3", "A4"]
    assert (runs.gate.is_open, runs.gate.waiting) == (True, 0)


async def test_what_is_given_up_is_not_run() -> None:
    runs = Runs()
    first, second, third = (runs.start(name, name) for name in "abc")
    fourth = runs.start("d", "c", is_wanted=lambda: False)
    fifth = runs.start("e", "e", is_wanted=lambda: False)
    await settle()
    second.cancel()
    await runs.finish()
    await runs.finish()
    await asyncio.wait([first, second, third, fourth, fifth])
    assert runs.groups == [["a"], ["c"]]
    assert [task.cancelled() for task in (first, second, third, fourth, fifth)] == [
        *(False, True, False),
        *(True, True),
    ]
    assert (runs.gate.is_open, runs.gate.waiting) == (True, 0)


async def test_one_that_is_cancelled_while_it_runs_keeps_the_slot_until_its_end() -> None:
    runs = Runs()
    first, second = runs.start("a", "a"), runs.start("b", "b")
    await settle()
    first.cancel()
    await settle()
    assert runs.groups == [["a"]]
    await runs.finish()
    await runs.finish()
    assert await second == "B"
    assert first.cancelled()


async def test_what_goes_wrong_is_told_to_all_of_a_group() -> None:
    runs = Runs()
    tasks = [runs.start("a", "a"), runs.start("broken", "b"), runs.start("c", "b")]
    await settle()
    await runs.finish()
    await runs.finish()
    assert await tasks[0] == "A"
    for task in tasks[1:]:
        with pytest.raises(ValueError, match="broken"):
            await task
    assert runs.gate.is_open


async def test_too_late_is_refused_at_once() -> None:
    clock = Clock()
    runs = Runs(clock=clock)
    await played(runs, "a", 0.5)
    with pytest.raises(DeadlineError, match="400 ms are left; it would take 500 ms"):
        await runs.gate.outcome("a", "late", clock.now_s + 0.4)
    await played(runs, "a", 0.5, clock.now_s + 0.6)
    await played(runs, "something quicker", 0.1, clock.now_s + 0.4)
    with pytest.raises(DeadlineError):
        await runs.gate.outcome("new", "late", clock.now_s)


async def played(runs: Runs, key: str, taken_s: float, deadline_s: float = float("inf")) -> None:
    """One that takes so long."""
    task = runs.start("one", key, deadline_s)
    await settle()
    runs.clock.now_s += taken_s
    await runs.finish()
    await task


async def test_the_queue_counts() -> None:
    clock = Clock()
    runs = Runs(largest=1, clock=clock)
    await played(runs, "a", 1.0)
    tasks = [runs.start(name, "a") for name in ("1", "2", "3")]
    await settle()
    assert runs.gate.wait_s() == pytest.approx(3.0)
    with pytest.raises(DeadlineError, match="it would take 3000 ms"):
        await runs.gate.outcome("a", "late", clock.now_s + 2.5)
    for _ in tasks:
        await runs.finish()
    await asyncio.gather(*tasks)


async def test_a_turn_that_comes_too_late() -> None:
    clock = Clock()
    runs = Runs(clock=clock)
    first, late = runs.start("1", "a"), runs.start("2", "b", deadline_s=5.0)
    await settle()
    clock.now_s = 6.0
    await runs.finish()
    assert await first == "1"
    with pytest.raises(DeadlineError, match="before its turn"):
        await late
    assert runs.gate.is_open
