"""Worker threads: order, outcomes, and what becomes of work that is given up."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from contextlib import closing

import pytest

from evosplit.shared.worker_threads import WorkerThreads


async def test_outcomes_come_back_in_the_order_of_the_asking() -> None:
    made: list[int] = []
    with closing(WorkerThreads(1, "compute")) as threads:
        given = await asyncio.gather(*(threads.run(lambda n=n: made.append(n) or n) for n in range(50)))
    assert given == made == list(range(50))


async def test_work_ahead_is_begun_before_all_other_and_in_its_own_order() -> None:
    go_on, made = threading.Event(), list[int]()
    with closing(WorkerThreads(1, "compute")) as threads:
        under_way = threads.run(lambda: go_on.wait(10))
        asked = [threads.run(lambda n=n: made.append(n), ahead=n % 2 == 0) for n in range(6)]
        go_on.set()
        await asyncio.gather(under_way, *asked)
    assert made == [0, 2, 4, 1, 3, 5]


async def test_several_threads_work_at_once() -> None:
    both = threading.Barrier(2)
    with closing(WorkerThreads(2, "infer")) as threads:
        places = await asyncio.gather(*(threads.run(lambda: both.wait(10)) for _ in range(2)))
    assert sorted(places) == [0, 1]


async def test_what_is_raised_comes_out_and_the_thread_goes_on() -> None:
    with closing(WorkerThreads(1, "compute")) as threads:
        for problem in (ZeroDivisionError, KeyboardInterrupt):
            with pytest.raises(problem):
                await threads.run(lambda problem=problem: _raise(problem))
        assert await threads.run(threading.current_thread) is not threading.main_thread()


async def test_work_given_up_before_its_turn_never_begins_and_later_failures_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on, begun = threading.Event(), []
    threads = WorkerThreads(1, "compute")
    under_way = threads.run(lambda: _raise(KeyError, go_on))
    waiting = threads.run(lambda: begun.append(1))
    while threads.waiting > 1:
        await asyncio.sleep(0.001)
    under_way.cancel()
    waiting.cancel()
    go_on.set()
    await threads.run(lambda: None)
    threads.close()
    assert begun == []
    assert "work that was given up failed" in caplog.text


async def test_close_gives_up_what_waits_and_ends_the_threads() -> None:
    go_on, begun = threading.Event(), threading.Event()
    threads = WorkerThreads(1, "compute")
    under_way = threads.run(lambda: begun.set() or go_on.wait(10))
    assert await asyncio.to_thread(begun.wait, 10)
    waiting = threads.run(lambda: 1)
    go_on.set()
    threads.close()
    assert await under_way
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_loop_that_has_ended_does_not_end_the_thread() -> None:
    go_on, threads = threading.Event(), WorkerThreads(1, "compute")

    async def leave() -> None:
        threads.run(lambda: go_on.wait(10))

    async def come_back() -> int:
        return await threads.run(lambda: 7)

    asyncio.run(leave())
    go_on.set()
    assert asyncio.run(come_back()) == 7
    threads.close()


async def test_nothing_of_a_turn_is_held_after_it() -> None:
    class Frame:
        def run(self) -> None:
            """Nothing."""

    frame = Frame()
    gone = weakref.ref(frame)
    with closing(WorkerThreads(1, "compute")) as threads:
        await threads.run(frame.run)
        del frame
        await threads.run(lambda: None)
        gc.collect()
        assert gone() is None


def _raise(problem: type[BaseException], wait: threading.Event | None = None) -> None:
    if wait is not None:
        wait.wait(10)
    raise problem("asked for")
