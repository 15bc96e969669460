"""Store-and-forward loop: sends what the spool holds once the cloud is there, in order, and records results.

A frame is sent until it is answered or its deadline has passed. One that the cloud refuses for what it is
(`OF_THE_FRAME`) is tried a few times, and is then recorded as a failure; all else that a cloud may say, such
as that it is starting or that the token is wrong, is no fault of the frame's.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.edge.link.cloud_answer import CloudAnswer
from evosplit.edge.pipeline.clouds import Request
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.finished import FrameRecorder
from evosplit.edge.results.spool import Spool, SpooledFrame, SpooledRequest
from evosplit.edge.results.store import Store
from evosplit.shared.errors import CloudRefusedError, CloudUnavailableError, InputError
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.result import Result
from evosplit.shared.wall_clock import elapsed_s

TRIES: Final = 3
"""How often a request that the cloud refuses is sent."""
OF_THE_FRAME: Final = frozenset({400, 409, 413, 415, 422, 500})
"""HTTP statuses that may be about the request and nothing else."""
_LOOK_S: Final = 0.25

_log = logging.getLogger(__name__)


class LateFrames:
    """Answers spooled frames; ``collect_s`` is the pause between two batches (0: as soon as possible).

    ``wall_s`` gives Unix time, which is what deadlines of frames that outlive the process are in.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        spool: Spool,
        recorders: Sequence[FrameRecorder] = (),
        collect_s: float = 0.0,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._store = store
        self._spool = spool
        self._recorders = tuple(recorders)
        self._collect_s = collect_s
        self._wall_s = wall_s
        self._tries = 0

    async def run(self) -> None:
        """Send for ever, batch after batch."""
        while True:
            await asyncio.sleep(self._collect_s or _LOOK_S)
            sent = await self.send_all()
            if sent:
                _log.info("%d frames that waited for the cloud have their results", sent)

    async def send_all(self) -> int:
        """Send the oldest first until none is left or the cloud is away; how many have their results now.

        Raises StoreError.
        """
        finished = 0
        while not self._engine.clouds.are_away and self._spool.state().frames:
            frame = await asyncio.to_thread(self._spool.oldest)
            result = None if frame is None else await self._result(frame)
            if result is None:
                break
            await self._record(result)
            finished += 1
        return finished

    async def _result(self, frame: SpooledFrame) -> Result | None:
        """None where it is to be tried again later."""
        request = frame.request
        if request.network != self._engine.plans.model.graph.sha256:
            return self._failure(frame, "the network was replaced before the cloud was back")
        if self._is_too_late(request):
            return self._failure(frame, "its deadline passed before the cloud was back")
        try:
            rows = self._engine.requests.rows_over(request.picture_size is not None)
            asked = Request(request.input_name, frame.content, request.cloud_s, True, rows_over=rows)
            reply = await self._engine.clouds.infer(request.cloud, asked)
            outputs = self._engine.requests.checked(reply, frame.outputs)
        except CloudUnavailableError:
            return None
        except CloudRefusedError as refusal:
            self._tries += refusal.status in OF_THE_FRAME
            return self._failure(frame, str(refusal)) if self._tries >= TRIES else None
        try:
            return self._success(frame, reply, await self._read(frame, outputs))
        except InputError as unreadable:
            return self._failure(frame, str(unreadable))

    def _is_too_late(self, request: SpooledRequest) -> bool:
        """Of a frame from before the clock was set nobody knows: then it is not."""
        waited_s = elapsed_s(request.received_at_s, self._wall_s())
        if request.deadline_at_s is None or waited_s is None:
            return False
        return waited_s > request.deadline_at_s - request.received_at_s

    def _spent_s(self, request: SpooledRequest) -> float:
        """From arrival to answer; without the wait where the clock was set meanwhile."""
        waited_s = elapsed_s(request.received_at_s, self._wall_s())
        return request.breakdown.total_s if waited_s is None else max(waited_s, 0.0)

    async def _read(self, frame: SpooledFrame, outputs: Mapping[str, NDArray[Any]]) -> Reading:
        card = self._engine.plans.model.card
        if card is None:
            return Reading(None, None)
        size = frame.request.picture_size or card.input.size or (0, 0)
        read = functools.partial(postprocess, card, outputs, size, frame.request.picture_nudge)
        return (await self._engine.compute.run(read)).value

    def _success(self, frame: SpooledFrame, reply: CloudAnswer, reading: Reading) -> Result:
        request = frame.request
        breakdown = dataclasses.replace(
            request.breakdown,
            uplink_s=reply.uplink_s,
            decode_s=reply.decode_s,
            tail_s=reply.tail_s,
            total_s=self._spent_s(request),
        )
        return Result(
            frame_id=request.frame_id,
            stream=request.stream,
            model=request.model,
            received_at_s=request.received_at_s,
            answered_by="cloud",
            outcome=reading.outcome,
            confidence=reading.confidence,
            plan_digest=request.plan_digest,
            wire_bytes=len(frame.content),
            breakdown=breakdown,
            strategy=request.strategy,
            cut_key=request.cut_key,
            late=True,
            cloud=reply.cloud or None,
        )

    def _failure(self, frame: SpooledFrame, error: str) -> Result:
        success = self._success(frame, _NO_REPLY, Reading(None, None))
        return dataclasses.replace(success, answered_by="nobody", wire_bytes=0, cut_key=None, error=error)

    async def _record(self, result: Result) -> None:
        self._tries = 0
        await asyncio.wrap_future(self._store.finish(result))
        self._spool.finished(result.frame_id)
        for recorder in self._recorders:
            recorder.count(result, None)


_NO_REPLY: Final = CloudAnswer({}, 0, 0.0, 0.0, 0.0, 0.0)
