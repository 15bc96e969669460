"""The thread that computes, and the slower machine that it plays: lower bounds, which hold on any machine."""

from __future__ import annotations

import time

import pytest

from evosplit.edge.pipeline.stages import ComputeThread


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
