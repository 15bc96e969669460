"""Run of one frame source: pictures to frames, one at a time; opened again, with back-off, when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.background.retries import BackOff
from evosplit.edge.pipeline.finished import FrameFailedError
from evosplit.edge.pipeline.intake import BusyError, Ticket
from evosplit.edge.sources.motion import MotionGate
from evosplit.edge.sources.pace import Pace
from evosplit.edge.sources.source import FrameSource, SourceError, SourceFrame
from evosplit.edge.sources.source_settings import SourceSettings
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.input_picture import PictureContent
from evosplit.shared.time_limit import time_limit

PAUSES_S: Final = (0.5, 30.0)
"""After a failure a source rests, from the first to the longest, twice as long each time."""

_log = logging.getLogger(__name__)


class PictureTaker(Protocol):
    """Answers pictures; the agent's intake does."""

    async def take_picture(self, content: PictureContent, ticket: Ticket) -> Any:  # noqa: ANN401 - not used
        """As `evosplit.edge.pipeline.intake.FrameIntake.take_picture`."""


@dataclass(frozen=True)
class SourceState:
    """Since the start: pictures taken, left out (by pace or motion, for later ones), failed; and openings."""

    state: Literal["opening", "playing", "resting", "ended", "paused"] = "opening"
    taken: int = 0
    left_out: int = 0
    failed: int = 0
    openings: int = 0
    trouble: str | None = None


class SourceRun:
    """Frames of ``source`` go to ``taker`` as the stream of the source's name."""

    def __init__(
        self,
        told: SourceSettings,
        source: FrameSource,
        taker: PictureTaker,
        pauses_s: tuple[float, float] = PAUSES_S,
    ) -> None:
        self.told = told
        self.state = SourceState()
        self._source = source
        self._taker = taker
        self._back_off = BackOff(pauses_s)

    async def run(self) -> None:
        """Play until a file ends; everything else is opened again for ever."""
        if self.told.paused:
            self._see(state="paused")
            return
        while True:
            before = self.state.taken
            self._see(state="opening", openings=self.state.openings + 1)
            try:
                await self._play()
                trouble = None if self.told.takes_all and not self.told.is_stream else "the stream ended"
            except SourceError as failure:
                trouble = str(failure)
            if trouble is None and not self.told.repeats:
                self._see(state="ended", trouble=None)
                return
            if self.state.taken > before:
                self._back_off.reset()
            pause_s = self._back_off.next_s()
            self._rest(trouble, pause_s)
            await asyncio.sleep(pause_s)

    def _rest(self, trouble: str | None, pause_s: float) -> None:
        self._see(state="resting", trouble=trouble)
        if trouble is not None:
            _log.warning(
                "source %s, %s: %s; opened again in %g s",
                self.told.name,
                self._source.where,
                trouble,
                pause_s,
            )

    async def _play(self) -> None:
        """From opening to end. Raises SourceError, also where nothing comes for too long."""
        pace, opening, expected = Pace(self.told.every, self.told.rate), secrets.token_hex(4), 0
        gate = MotionGate(self.told.motion)
        async with contextlib.aclosing(self._source.frames()) as frames:
            async for frame in _watched(frames, self._stall_s):
                is_taken, paced = pace.take(frame.number, frame.captured_at_s)
                if is_taken:  # in time; the pace goes on only with what has moved as well
                    cells = await _cells(gate, frame)
                    is_taken = gate.passes(cells)
                if is_taken:
                    pace, gate = paced, gate.behind(cells)
                self._see(
                    state="playing", left_out=self.state.left_out + frame.number - expected + (not is_taken)
                )
                expected = frame.number + 1
                if is_taken:
                    await self._take(frame, f"{self.told.name}:{opening}:{frame.number}")

    @property
    def _stall_s(self) -> float | None:
        return None if self.told.may_be_silent else self.told.stall_s

    async def _take(self, frame: SourceFrame, frame_id: str) -> None:
        ticket = Ticket(frame_id, self.told.name, wait="auto", deadline_s=self.told.deadline_s)
        try:
            await self._taker.take_picture(frame.content, ticket)
        except (FrameFailedError, BusyError) as failed:
            self._see(failed=self.state.failed + 1, trouble=str(failed))
        except EvoSplitError as refused:
            if self.state.trouble != str(refused):
                _log.warning("source %s: frame %s is not taken: %s", self.told.name, frame_id, refused)
            self._see(failed=self.state.failed + 1, trouble=str(refused))
        else:
            self._see(taken=self.state.taken + 1, trouble=None)

    def _see(self, **changes: Any) -> None:  # noqa: ANN401 - as the state's fields are
        self.state = dataclasses.replace(self.state, **changes)


async def _cells(gate: MotionGate, frame: SourceFrame) -> NDArray[np.float32] | None:
    """What the gate compares; a file is decoded beside the loop."""
    if gate.share is not None and isinstance(frame.content, bytes):
        return await asyncio.to_thread(gate.cells, frame.content)
    return gate.cells(frame.content)


async def _watched(frames: AsyncIterator[SourceFrame], stall_s: float | None) -> AsyncIterator[SourceFrame]:
    """The same frames. Raises SourceError where one takes longer than ``stall_s``."""
    while True:
        try:
            async with time_limit(stall_s):
                frame = await anext(frames)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError:
            raise SourceError(f"gives no picture for {stall_s:g} s") from None
        yield frame
