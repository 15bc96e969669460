"""What is learnt of frames waits for their answers: in order, not for long, and one failure ends no other."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from edge_support import picture, stage, until

from evosplit.edge.background.after_answers import AfterAnswers


async def test_it_runs_in_order_after_what_is_running_now() -> None:
    after, done = AfterAnswers(), list[int]()
    for number in range(3):
        after.add(lambda number=number: done.append(number))  # type: ignore[misc]
    after.soon()
    assert (len(after), done) == (3, [])
    await asyncio.sleep(0)
    assert (len(after), done) == (0, [0, 1, 2])


async def test_it_waits_for_nobody_for_long() -> None:
    after, done = AfterAnswers(), list[int]()
    after.add(lambda: done.append(1))
    await until(lambda: done == [1])
    after.soon()  # there is nothing left
    after.run()
    assert done == [1]


async def test_one_that_fails_is_one_entry_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def wrong() -> None:
        raise KeyError("nobody expected this")

    after, done = AfterAnswers(), list[int]()
    after.add(wrong)
    after.add(lambda: done.append(1))
    with caplog.at_level(logging.ERROR):
        after.run()
    assert done == [1]
    assert caplog.text.count("what is learnt of a frame failed") == 1


async def test_a_frame_is_learnt_of_before_the_next_one_chooses(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False, corrections=True) as on:
        for number in range(3):
            assert (await on.post(picture(number)))[0] == 200
            assert on.agent.plans.course.known.frames == number + 1
            assert on.agent.profile.frame_s.count == number + 1
        await on.agent.frames.drain()
        assert not on.agent.engine.after
