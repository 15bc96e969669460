"""Previews of an agent: noted as frames are answered, made in threads, off the frames' way."""

from __future__ import annotations

import asyncio
import functools

from evosplit.edge.background.follow_ups import FollowUp
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.previews.latest_pictures import LatestFrame, LatestPictures
from evosplit.edge.previews.preview import Preview, preview_of
from evosplit.edge.previews.thumbnails import Thumbnails
from evosplit.shared.errors import ForbiddenError, NotFoundError
from evosplit.shared.input_picture import Picture


class Previews:
    """A follower of frames. With ``keeps_inputs`` no picture is shown to anybody, or kept.

    ``thumbnails`` None: none are kept with results.
    """

    def __init__(self, plans: CurrentPlan, thumbnails: Thumbnails | None, keeps_inputs: bool) -> None:
        self._plans = plans
        self._thumbnails = None if keeps_inputs else thumbnails
        self._keeps_inputs = keeps_inputs
        self.latest = LatestPictures(not keeps_inputs)

    def after_frame(self, job: Job, answer: Answer, outcome: object) -> FollowUp | None:
        """Note the frame; keep a thumbnail of it in the background, where some are kept."""
        del outcome
        changes = {} if answer.run is None else answer.run.changes
        self.latest.see(job, next(iter(changes.values()), None))
        if self._thumbnails is None or job.picture is None:
            return None
        return functools.partial(self._keep, self._thumbnails, job.frame_id, job.picture)

    async def live(self, stream: str) -> tuple[LatestFrame, Preview]:
        """The newest frame of a stream and its preview. Raises ForbiddenError, NotFoundError."""
        self._check()
        frame = self.latest.of_stream(stream)
        if frame is None or frame.picture is None:
            raise NotFoundError(f"no picture of a stream {stream[:128]!r}")
        return frame, await self._made(frame.picture)

    async def thumbnail(self, frame_id: str) -> Preview:
        """What is kept of a frame. Raises ForbiddenError, NotFoundError, StoreError."""
        self._check()
        kept = self._thumbnails
        preview = None if kept is None else await asyncio.to_thread(kept.get, frame_id)
        if preview is None:
            raise NotFoundError(f"no thumbnail of a frame {frame_id[:128]!r}")
        return preview

    def _check(self) -> None:
        if self._keeps_inputs:
            raise ForbiddenError("inputs stay on this device (--private, --min-depth): no picture is shown")

    async def _keep(self, thumbnails: Thumbnails, frame_id: str, picture: Picture) -> None:
        await asyncio.wrap_future(thumbnails.keep(frame_id, await self._made(picture)))

    async def _made(self, picture: Picture) -> Preview:
        card = self._plans.model.card
        if card is None:
            raise NotFoundError("a model without a card is shown no pictures")
        return await asyncio.to_thread(preview_of, card, picture)
