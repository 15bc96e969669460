"""Background tasks that fail are seen, counted and restarted; what follows from frames is bounded."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest
from edge_support import until

from evosplit.edge.background.follow_ups import FollowUps
from evosplit.edge.background.supervisor import Supervisor


def supervised(failures: Counter[str]) -> Supervisor:
    return Supervisor(lambda name: failures.update([name]), first_pause_s=0.001)


async def test_a_loop_that_fails_is_logged_with_its_trace_counted_and_run_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures: Counter[str] = Counter()
    runs = []

    async def loop() -> None:
        runs.append(len(runs))
        if len(runs) < 4:
            raise KeyError("nobody expected this")
        await asyncio.sleep(3600)

    background = supervised(failures)
    background.start("watch", loop)
    await until(lambda: len(runs) == 4)
    await background.end()
    assert failures == {"watch": 3}
    assert caplog.text.count("background task watch failed; it is started again in 0.00") == 3
    assert caplog.text.count("Traceback") == 3
    assert "nobody expected this" in caplog.text


async def test_a_task_that_cancels_itself_is_a_failure_and_one_that_returns_is_done() -> None:
    failures: Counter[str] = Counter()
    runs = []

    async def loop() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise asyncio.CancelledError

    background = supervised(failures)
    background.start("once", loop)
    await until(lambda: "once" not in {task.get_name() for task in asyncio.all_tasks()})
    assert (len(runs), failures) == (2, {"once": 1})
    await background.end()


async def test_the_end_is_in_reverse_order_and_waits(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[str] = []
    ended: list[str] = []

    async def loop(name: str) -> None:
        begun.append(name)
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ended.append(name)
            if name == "second":
                raise OSError(28, "no space left to end properly")

    failures: Counter[str] = Counter()
    background = supervised(failures)
    for name in ("first", "second", "third"):
        background.start(name, lambda name=name: loop(name))  # type: ignore[misc]
    with pytest.raises(ValueError, match="runs already"):
        background.start("first", lambda: loop("first"))
    await until(lambda: len(begun) == 3)
    with caplog.at_level(logging.ERROR):
        await background.end()
    assert ended == ["third", "second", "first"]
    assert failures == {"second": 1}
    assert "being stopped" in caplog.text
    await background.stop("third")


async def test_what_follows_is_bounded_counted_and_its_failures_are_seen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures, skipped, done = Counter[str](), [], []
    go_on = asyncio.Event()

    async def work(number: int) -> None:
        await go_on.wait()
        done.append(number)
        if number == 1:
            raise RuntimeError("nothing follows")

    follow_ups = FollowUps(lambda name: failures.update([name]), lambda: skipped.append(1), most=3)
    for number in range(5):
        follow_ups.start(lambda number=number: work(number))  # type: ignore[misc]
    assert (len(follow_ups), len(skipped)) == (3, 2)
    go_on.set()
    await follow_ups.drain()
    assert (len(follow_ups), done, failures) == (0, [0, 1, 2], {"follow-up": 1})
    assert "nothing follows" in caplog.text
    go_on.clear()
    follow_ups.start(lambda: work(9))
    await follow_ups.end()
    assert (len(follow_ups), done) == (0, [0, 1, 2])
