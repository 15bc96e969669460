"""Stage timing: the steps of a frame as named values, the seconds of each, and the thread that computes them.

A frame passes decode, preprocess, head, encode, send, finish (in the cloud), read and record, in this order;
`evosplit.edge.pipeline.frame_flow` goes through them. What `StageTimes` has collected when the result is made
becomes its breakdown, and that is what metrics and profile count; recording comes after, and is not in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from evosplit.shared.result import Breakdown
from evosplit.shared.tracing.spans import Mark
from evosplit.shared.worker_threads import WorkerThreads

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Stage:
    """One step. ``field`` is the field of `Breakdown` that has its seconds; some share one."""

    name: str
    field: str


DECODE: Final = Stage("decode", "preprocess_s")
PREPROCESS: Final = Stage("preprocess", "preprocess_s")
HEAD: Final = Stage("head", "head_s")
ENCODE: Final = Stage("encode", "encode_s")
SEND: Final = Stage("send", "uplink_s")
RECEIVE: Final = Stage("receive", "decode_s")
FINISH: Final = Stage("finish", "tail_s")
READ: Final = Stage("read", "postprocess_s")
QUEUE: Final = Stage("queue", "queue_s")
"""Not a step but the waits before steps, here and in the cloud."""
REQUEST: Final = "request"
"""The mark of a whole request to the cloud: sending, and what the cloud does."""


class StageTimes:
    """The seconds of one frame by stage, from now on; ``received_at_s`` is Unix time.

    Of its request ``link_share`` is the mean share of the link, ``untold_queue_s`` the wait in a cloud that
    does not tell how long others would wait (`evosplit.shared.cloud_queue`). ``marks`` say when its steps
    began and ended.
    """

    def __init__(self) -> None:
        self.received_at_s = time.time()
        self._started_s = time.perf_counter()
        self._seconds: dict[Stage, float] = {}
        self.marks: list[Mark] = []
        self.untold_queue_s = 0.0
        self.link_share = 1.0

    def add(self, stage: Stage, seconds: float) -> None:
        """Add to a stage, which a frame may pass more than once."""
        self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def passed(self, stage: Stage, started_s: float) -> None:
        """Add what has passed since ``started_s`` (``time.perf_counter``) to a stage."""
        self.add(stage, time.perf_counter() - started_s)
        self.mark(stage.name, started_s)

    def mark(self, name: str, started_s: float) -> None:
        """Something that began then has ended."""
        self.marks.append(Mark(name, started_s, time.perf_counter()))

    def add_request(self, send_s: float, receive_s: float, finish_s: float) -> None:
        """Add the steps of a request that was answered."""
        for stage, seconds in ((SEND, send_s), (RECEIVE, receive_s), (FINISH, finish_s)):
            self.add(stage, seconds)

    def add_cloud_queue(self, queue_s: float, link_share: float, is_told: bool) -> None:
        """How a request fared beside others; ``is_told``: whether the cloud also says what waits are now."""
        self.add(QUEUE, queue_s)
        self.untold_queue_s, self.link_share = 0.0 if is_told else queue_s, link_share

    def elapsed_s(self) -> float:
        """Seconds since the frame came."""
        return time.perf_counter() - self._started_s

    def spent_s(self, *stages: Stage) -> float:
        """Seconds until now in these stages together."""
        return sum(self._seconds.get(stage, 0.0) for stage in stages)

    def breakdown(self) -> Breakdown:
        """Where the time went until now."""
        spent: dict[str, float] = {}
        for stage, seconds in self._seconds.items():
            spent[stage.field] = spent.get(stage.field, 0.0) + seconds
        return Breakdown(**spent, total_s=self.elapsed_s())


class StageClock:
    """Runs the stages of one frame's turn one after another on the thread that computes, and times each.

    With ``slowdown`` f, a step of t seconds is followed by a wait of (f - 1) t, which counts for its stage:
    to its clients the machine is f times slower, while its processor is free for the cloud that shares it.
    """

    def __init__(self, slowdown: float) -> None:
        self._slower = slowdown - 1.0

    def run(self, step: Callable[[], T]) -> T:
        """An event loop's timers are a millisecond late, eight of which are a layer: so the thread waits."""
        started_s = time.perf_counter()
        try:
            return step()
        finally:
            if self._slower > 0.0:
                time.sleep(self._slower * (time.perf_counter() - started_s))

    def run_stage(self, stage: Stage, times: StageTimes, step: Callable[[], T]) -> T:
        """Run a step and add its seconds to its stage, whether it fails or not. What it raises comes out."""
        started_s = time.perf_counter()
        try:
            return self.run(step)
        finally:
            times.passed(stage, started_s)


@dataclass(frozen=True)
class Timed(Generic[T]):
    """What a step gave, and how long it took."""

    value: T
    seconds: float


class ComputeThread:
    """Runs one turn at a time, outside the event loop, in the order in which they were asked for.

    Turns ``ahead`` come first: those of frames that are begun. What a head made, megabytes, is then held for
    a frame or two, and not for all that wait, and the first of many is not answered as late as the last.

    Handing a turn over and back takes about 0.1 ms, so a frame's stages share turns where nothing has to be
    waited for between them. Seconds are taken inside the thread: the hand-over is no work of the network's.
    """

    def __init__(self, slowdown: float = 1.0) -> None:
        self._clock = StageClock(slowdown)
        self._thread = WorkerThreads(1, "compute")

    async def run(self, step: Callable[[], T]) -> Timed[T]:
        """Wait for a turn, run, play the slower machine. What the step raises comes out, after the wait."""

        def timed() -> Timed[T]:
            started_s = time.perf_counter()
            return Timed(self._clock.run(step), time.perf_counter() - started_s)

        return await self._thread.run(timed)

    async def run_stages(self, times: StageTimes, turn: Callable[[StageClock], T], ahead: bool = False) -> T:
        """Run stages of one frame in one turn, and add the wait for it. What they raise comes out."""
        asked_s = time.perf_counter()

        def begun() -> T:
            times.passed(QUEUE, asked_s)
            return turn(self._clock)

        return await self._thread.run(begun, ahead)

    async def run_stage(self, stage: Stage, times: StageTimes, step: Callable[[], T]) -> T:
        """A turn of one stage."""
        return await self.run_stages(times, lambda clock: clock.run_stage(stage, times, step))

    def close(self) -> None:
        """End the thread after the step that is running."""
        self._thread.close()
