"""Requests to the cloud: a boundary, whole or as a delta, the network's inputs, or a picture."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable

from evosplit.edge.link.cloud_answer import CloudAnswer
from evosplit.edge.link.network_outputs import NO_OUTPUTS, Outputs, network_outputs
from evosplit.edge.link.payloads import boundary_frame, exact_frame, picture_codec, picture_file, raw_frame
from evosplit.edge.link.rate_control import budgeted_frame
from evosplit.edge.pipeline.clouds import Cloud, Clouds, Request, infer
from evosplit.edge.pipeline.job import Answer, Feeds, Job
from evosplit.edge.pipeline.stages import ENCODE, REQUEST, SEND, ComputeThread, StageClock
from evosplit.edge.pipeline.unsent import Unsent, UnsentError
from evosplit.edge.plan_choice.serving import EdgeModel
from evosplit.edge.streams.delta import Sent
from evosplit.edge.streams.exchange import Exchanged, exchange, is_stream
from evosplit.shared.answer_rows import rows_over
from evosplit.shared.errors import (
    CardError,
    CloudRefusedError,
    CloudUnavailableError,
    FrameBudgetError,
    UsageError,
)
from evosplit.shared.oip import FRAME_INPUT, PICTURE_INPUT, SIZED_PICTURE_INPUT
from evosplit.shared.plan import Plan


class CloudRequests:
    """Every method raises CloudUnavailableError or CloudRefusedError, and InputError for NaN and infinity.

    Of jobs that may wait, the former is an UnsentError; where they are to wait, nothing is sent.

    With ``keeps_inputs``, the input itself is never sent, whoever asks for it: that raises UsageError. With
    ``max_frame_bytes`` boundaries take no more, at coarser steps than the plan's where they have to.
    """

    def __init__(
        self,
        model: EdgeModel,
        compute: ComputeThread,
        clouds: Clouds,
        keeps_inputs: bool = False,
        max_frame_bytes: int | None = None,
    ) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._keeps_inputs = keeps_inputs
        self._model = model
        self._compute = compute
        self._clouds = clouds

    def encoded(self, job: Job, plan: Plan, made: Outputs, clock: StageClock, is_extra: bool = False) -> Sent:
        """Tensors, or their components, in the plan's bits, on the thread that computes.

        On a named stream only changes go; extra frames are not of it.
        """
        waits = is_extra or job.wait == "later"
        if not waits and is_stream(job.stream, plan):
            return self._changes(job, plan, made, clock)
        return self._whole(job, plan, made, clock)

    async def boundary(self, job: Job, plan: Plan, made: Outputs, sent: Sent) -> Exchanged:
        """The cloud's answer to tensors that were encoded."""
        whole, cloud = sent, self._clouds.named(plan.cloud)
        try:
            if not sent.sequence:
                return await self._alone(job, plan, whole)
            try:
                return await self._exchange(job, plan, made, sent, cloud)
            except (CloudUnavailableError, CloudRefusedError) as failure:
                is_last = len(self._clouds.order(plan.cloud)) == 1
                if is_last and (job.wait == "now" or isinstance(failure, CloudRefusedError)):
                    raise
                # Another cloud, or this one later, has nothing of the stream by then.
                whole = await job.turn(self._compute, functools.partial(self._whole, job, plan, made))
                if is_last:
                    raise
                return await self._alone(job, plan, whole, beside=cloud)
        except CloudUnavailableError as silence:
            if job.wait == "now":
                raise
            raise UnsentError(str(silence), Unsent(FRAME_INPUT, whole.content, plan.cut_key, plan)) from None

    async def _alone(self, job: Job, plan: Plan, sent: Sent, beside: Cloud | None = None) -> Exchanged:
        request = Request(
            FRAME_INPUT, sent.content, plan.latency.cloud_s, rows_over=self.rows_over(job.is_picture)
        )
        return Exchanged(await self._ask(job, plan.cloud, request, beside), len(sent.content))

    async def _exchange(self, job: Job, plan: Plan, made: Outputs, sent: Sent, cloud: Cloud) -> Exchanged:
        async def ask(content: bytes, spent_s: float) -> CloudAnswer:
            rows = self.rows_over(job.is_picture)
            request = Request(FRAME_INPUT, content, plan.latency.cloud_s, spent_s=spent_s, rows_over=rows)
            return await self._timed(job, lambda left_s: infer(cloud.link, request, left_s))

        async def again() -> Sent:
            turn = functools.partial(self._changes, job, plan, made, key=True)
            return await job.turn(self._compute, turn)

        return await exchange(cloud.deltas, sent, again, ask)

    async def exact(self, job: Job, feeds: Feeds) -> Exchanged:
        """The network's inputs as they are."""
        encode = functools.partial(exact_frame, job.frame_id, self._model.graph, feeds)
        content = await self._encode(job, encode)
        request = Request(FRAME_INPUT, content, patient=True)
        return Exchanged(await self._ask(job, "", request), len(content))

    async def raw(self, job: Job, feeds: Feeds) -> Answer:
        """The network's inputs in 8 bits."""
        self.check_inputs_go()
        encode = functools.partial(raw_frame, job.frame_id, self._model.graph, feeds)
        content = await self._encode(job, encode)
        request = Request(FRAME_INPUT, content, patient=True, rows_over=self.rows_over(job.is_picture))
        reply = await self._ask(job, "", request)
        return Answer(self.checked(reply), "cloud", None, "0", len(content), cloud=reply.cloud)

    async def picture(self, job: Job, plan: Plan | None = None, codec: str | None = None) -> Answer:
        """The picture as a plan sends it, in a codec, or the JPEG of the strategy without either.

        Raises CardError.
        """
        self.check_inputs_go()
        codec = codec if plan is None else picture_codec(plan)
        name = PICTURE_INPUT if codec is None else SIZED_PICTURE_INPUT
        content = await job.turn(self._compute, functools.partial(self._picture_file, job, codec))
        cloud, cloud_s = ("", 0.0) if plan is None else (plan.cloud, plan.latency.cloud_s)
        try:
            request = Request(name, content, cloud_s, plan is None, rows_over=self.rows_over(job.is_picture))
            reply = await self._ask(job, cloud, request)
        except CloudUnavailableError as silence:
            if job.wait == "now":
                raise
            raise UnsentError(str(silence), Unsent(name, content, "0", plan)) from None
        return Answer(self.checked(reply), "cloud", plan, "0", len(content), cloud=reply.cloud)

    def _picture_file(self, job: Job, codec: str | None, clock: StageClock) -> bytes:
        card, picture = self._model.card, job.picture
        if card is None or picture is None:
            raise CardError("a picture is sent of a frame that is one, by a model with a card")
        return clock.run_stage(ENCODE, job.times, functools.partial(picture_file, card, picture, codec))

    def rows_over(self, is_picture: bool) -> float | None:
        """The score up to which rows need not come: of pictures only what the card reads is wanted."""
        return rows_over(self._model.card) if is_picture else None

    def check_inputs_go(self) -> None:
        """Raise UsageError where inputs stay on the device."""
        if self._keeps_inputs:
            raise UsageError(
                "raw inputs stay on this device (--private, --min-depth); use the strategy planned or edge"
            )

    def checked(self, reply: CloudAnswer, more: Outputs = NO_OUTPUTS) -> Outputs:
        """As `network_outputs`; an answer that is none counts against its cloud."""
        try:
            return network_outputs(self._model.graph, reply.outputs, more)
        except CloudRefusedError as refusal:
            self._clouds.named(reply.cloud).link.refused(refusal)
            raise

    def _changes(self, job: Job, plan: Plan, made: Outputs, clock: StageClock, key: bool = False) -> Sent:
        limit, deltas = self._max_frame_bytes, self._clouds.named(plan.cloud).deltas
        work = functools.partial(deltas.encode, job.frame_id, job.stream, plan, made, key, limit)
        try:
            return clock.run_stage(ENCODE, job.times, work)
        except FrameBudgetError:  # floats, or codes that are never compressed: other steps may do
            return self._whole(job, plan, made, clock)

    def _whole(self, job: Job, plan: Plan, made: Outputs, clock: StageClock) -> Sent:
        work, limit = functools.partial(boundary_frame, job.frame_id, plan, made), self._max_frame_bytes
        if limit is not None:
            work = functools.partial(budgeted_frame, job.frame_id, plan, made, limit)
        return Sent(clock.run_stage(ENCODE, job.times, work))

    async def _encode(self, job: Job, work: Callable[[], bytes]) -> bytes:
        return await job.turn(self._compute, lambda clock: clock.run_stage(ENCODE, job.times, work))

    async def _ask(self, job: Job, cloud: str, request: Request, beside: Cloud | None = None) -> CloudAnswer:
        """Of a cloud, or of another one that is there; ``beside`` was asked before."""
        return await self._timed(job, lambda left_s: self._clouds.infer(cloud, request, beside, left_s))

    async def _timed(self, job: Job, ask: Callable[[float], Awaitable[CloudAnswer]]) -> CloudAnswer:
        if job.wait == "later":
            raise CloudUnavailableError("the frame waits for the cloud")
        started_s = time.perf_counter()
        try:
            reply = await ask(job.left_s())
        except (CloudUnavailableError, CloudRefusedError):
            job.times.add(SEND, time.perf_counter() - started_s)
            raise
        finally:
            job.times.mark(REQUEST, started_s)
        job.times.add_request(reply.uplink_s, reply.decode_s, reply.tail_s)
        job.times.add_cloud_queue(reply.queue_s, reply.link_share, reply.wait_s is not None)
        return reply
