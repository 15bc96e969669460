"""Timed steps of a frame on the compute thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from evosplit.edge.pipeline.compute_thread import Compute
from evosplit.edge.pipeline.job import Feeds, Job
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError
from evosplit.shared.preprocess import sized_input

T = TypeVar("T")


class FrameSteps:
    """Runs steps of frames; ``card`` is None where only tensors are taken."""

    def __init__(self, compute: Compute, card: Card | None) -> None:
        self._compute = compute
        self._card = card

    async def step(self, job: Job, name: str, work: Callable[[], T]) -> T:
        """Run ``work`` and add its seconds to the job's field ``name``. What it raises comes out."""
        timed = await self._compute.run(work)
        job.spend(queue_s=timed.queue_s, **{name: timed.seconds})
        return timed.value

    async def feeds(self, job: Job) -> Feeds:
        """The network's inputs, made of the picture once. Raises CardError, InputError."""
        if job.feeds is None:
            card, picture = self._card, job.picture
            if card is None or picture is None:
                raise CardError(f"model {job.model} has no card, so it takes tensors but no pictures")
            job.feeds = dict(await self.step(job, "preprocess_s", lambda: sized_input(card, picture.pixels)))
        return job.feeds
