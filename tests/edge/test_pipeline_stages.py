"""The thread that computes, and the slower machine that it plays: lower bounds, which hold on any machine."""

from __future__ import annotations

import time

import pytest

from evosplit.edge.pipeline.stages import ENCODE, HEAD, ComputeThread, StageClock, StageTimes


def nap() -> str:
    time.sleep(0.01)
    return "done"


async def test_a_step_takes_slowdown_times_its_own_time() -> None:
    compute = ComputeThread(slowdown=5.0)
    timed = await compute.run(nap)
    compute.close()
    assert timed.value == "done"
    assert timed.seconds >= 0.05


async def test_a_step_that_fails_is_waited_for_as_well() -> None:
    def fail() -> None:
        time.sleep(0.01)
        raise ValueError("no")

    compute = ComputeThread(slowdown=5.0)
    started_s = time.perf_counter()
    with pytest.raises(ValueError, match="no"):
        await compute.run(fail)
    compute.close()
    assert time.perf_counter() - started_s >= 0.05


async def test_stages_of_one_turn_have_seconds_of_their_own_and_wait_for_it_once() -> None:
    compute, times = ComputeThread(slowdown=5.0), StageTimes()

    def turn(clock: StageClock) -> str:
        clock.run_stage(HEAD, times, nap)
        return clock.run_stage(ENCODE, times, nap)

    assert await compute.run_stages(times, turn) == "done"
    compute.close()
    spent = times.breakdown()
    assert min(spent.head_s, spent.encode_s) >= 0.05
    assert spent.queue_s < spent.total_s - spent.head_s


async def test_the_seconds_of_a_stage_that_fails_count() -> None:
    compute, times = ComputeThread(), StageTimes()

    def fail() -> None:
        time.sleep(0.01)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await compute.run_stage(HEAD, times, fail)
    compute.close()
    assert times.spent_s(HEAD) >= 0.01
