"""Runs of sources: pictures become frames, failures and stalls open the source again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest

from evosplit.edge.pipeline.finished import FrameFailedError
from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_run import SourceRun
from evosplit.edge.sources.source_settings import source_settings
from evosplit.shared.errors import InputError
from evosplit.shared.result import Result

PIXELS = np.zeros((4, 4, 3), np.uint8)


class ScriptedSource:
    """Plays one script an opening: a number is a picture, a text a failure, None hangs."""

    where = "scripted"

    def __init__(self, *openings: list[int | str | None]) -> None:
        self._openings = list(openings)
        self.closed = 0

    async def frames(self) -> AsyncIterator[SourceFrame]:
        try:
            for step in self._openings.pop(0) if self._openings else []:
                if step is None:
                    await asyncio.Event().wait()
                if isinstance(step, str):
                    raise SourceError(step)
                assert step is not None
                yield SourceFrame(PIXELS, 1000.0 + step / 10, step)
        finally:
            self.closed += 1


class NotedTaker:
    """Notes tickets; raises what the script has for them."""

    def __init__(self, **script: Exception) -> None:
        self.tickets: list[Ticket] = []
        self._script = script

    async def take_picture(self, content: Any, ticket: Ticket) -> None:
        assert content is PIXELS
        self.tickets.append(ticket)
        number = ticket.frame_id.rsplit(":", 1)[1]
        if (error := self._script.get(f"n{number}")) is not None:
            raise error

    @property
    def numbers(self) -> list[int]:
        return [int(ticket.frame_id.rsplit(":", 1)[1]) for ticket in self.tickets]


def _run(source: ScriptedSource, taker: NotedTaker, **told: Any) -> SourceRun:
    settings = source_settings({"name": "gate", "address": "video.mp4", **told})
    return SourceRun(settings, source, taker, pauses_s=(0.001, 0.002))


async def test_a_file_is_played_to_its_end() -> None:
    source, taker = ScriptedSource([0, 1, 2]), NotedTaker()
    run = _run(source, taker, deadline_s=2.5)
    await run.run()
    assert taker.numbers == [0, 1, 2]
    assert {(ticket.stream, ticket.deadline_s) for ticket in taker.tickets} == {("gate", 2.5)}
    assert len({ticket.frame_id for ticket in taker.tickets}) == 3
    assert (run.state.state, run.state.taken, source.closed) == ("ended", 3, 1)


async def test_pace_and_gaps_are_counted() -> None:
    source, taker = ScriptedSource([0, 1, 4, 5, 6]), NotedTaker()
    run = _run(source, taker, every=2)
    await run.run()
    assert taker.numbers == [0, 4, 6]
    assert (run.state.taken, run.state.left_out) == (3, 4)


async def test_a_still_stretch_is_left_out() -> None:
    source, taker = ScriptedSource([0, 1, 2, 3]), NotedTaker()
    run = _run(source, taker, motion=0.01, rate=1)
    await run.run()
    assert taker.numbers == [0]
    assert (run.state.taken, run.state.left_out) == (1, 3)


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


async def test_a_failure_opens_it_again(caplog: pytest.LogCaptureFixture) -> None:
    source, taker = ScriptedSource([0, "no route"], ["refused"], [0, 1]), NotedTaker()
    run = _run(source, taker)
    await run.run()
    assert taker.numbers == [0, 0, 1]
    assert len({ticket.frame_id for ticket in taker.tickets}) == 3
    assert (run.state.openings, source.closed) == (3, 3)
    assert "no route" in caplog.text


async def test_a_stream_that_stalls_or_ends_is_opened_again() -> None:
    source, taker = ScriptedSource([0, None], [0], [0, None]), NotedTaker()
    run = _run(source, taker, address="rtsp://user:secret@camera/live", stall_s=0.05)
    task = asyncio.create_task(run.run())
    await _until(lambda: len(taker.tickets) == 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert source.closed == 3


async def test_what_fails_does_not_end_the_source() -> None:
    lost = Result("x", "gate", "net", 0.0, "nobody", None, None, None, 0, error="no cloud")
    source = ScriptedSource([0, 1, 2])
    taker = NotedTaker(n0=FrameFailedError(lost), n1=InputError("no picture"))
    run = _run(source, taker)
    await run.run()
    assert taker.numbers == [0, 1, 2]
    assert (run.state.taken, run.state.failed) == (1, 2)


@pytest.mark.parametrize(
    "told",
    [
        {"name": "", "address": "x"},
        {"name": "a/b", "address": "x"},
        {"name": "a", "address": ""},
        {"name": "a", "address": "ftp://x"},
        {"name": "a", "address": "v4l2:"},
        {"name": "a", "address": "x", "rate": 0},
        {"name": "a", "address": "x", "colour": 1},
        {"address": "x"},
        [],
    ],
)
def test_wrong_settings_are_one_line(told: Any) -> None:
    from evosplit.shared.errors import UsageError

    with pytest.raises(UsageError):
        source_settings(told)


def test_the_log_has_no_secrets() -> None:
    told = source_settings({"name": "a", "address": "rtsp://user:secret@camera:554/live?key=1"})
    assert told.where == "rtsp://camera:554/live"
