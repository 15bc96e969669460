"""Sampling of answered frames at a bounded cost, for calibration and for drift."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import numpy as np

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration.drift import Drift, share_beyond
from evosplit.edge.calibration.encoding import pixels_blob, tensors_blob
from evosplit.edge.calibration.sample import Kept, LiveSample
from evosplit.edge.calibration.signature import Signature, signature
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.shared.preprocess import sized_input
from evosplit.shared.replan import choices
from evosplit.shared.time_budget import TimeBudget

SHARE: Final = 0.02
MOST_SAVED_S: Final = 0.25
"""Looking may take this share of the time, saved up to so much ..."""
LEAST_PAUSE_S: Final = 1.0
MOST_PAUSE_S: Final = 2.0
"""... and comes no more often than this: at first, and once the sample is full. Few frames meet it so."""
COMPARE_PAUSE_S: Final = 0.2
"""A frame's tensors are compared with the plan's ranges no more often: that takes tenths of a millisecond."""
PATIENCE_S: Final = 1.0
"""So long it waits for a moment without a frame."""


class CalibrationObserver:
    """Fills a sample. It runs on the event loop's own threads, beside the one that computes.

    Not at the lowest priority: a thread that is off the processor while it holds the interpreter's lock stops
    all others.
    """

    def __init__(self, plans: CurrentPlan, sample: LiveSample, pause: BackgroundPause) -> None:
        self._graph = plans.model.graph
        self._card = plans.model.card
        self._plans = plans
        self.drift = Drift()
        self._sample = sample
        self._pause = pause
        self._time_budget = TimeBudget(SHARE, MOST_SAVED_S)
        self._looked_s = self._compared_s = -MOST_PAUSE_S
        self._is_looking = False

    def warm(self) -> None:
        """Compile what looking needs: seconds on a new machine, which are not to fall between frames."""
        tensors = (self._graph.tensors[name] for name in self._graph.inputs)
        signature({tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in tensors})

    @property
    def wants(self) -> bool:
        """Whether it would look at a frame just now; most are let go."""
        is_early = time.monotonic() < self._compared_s + COMPARE_PAUSE_S
        return not (self._is_looking or (is_early and not self._is_sampling) or self._time_budget.is_spent)

    @property
    def _is_sampling(self) -> bool:
        """Whether a frame's inputs are looked at for the sample, too."""
        pause_s = MOST_PAUSE_S if self._sample.is_full else LEAST_PAUSE_S
        return time.monotonic() >= self._looked_s + pause_s

    async def see(self, job: Job, answer: Answer) -> None:
        """Look at one frame and its answer, if it is wanted."""
        if not self.wants:
            return
        self._is_looking, is_sampling = True, self._is_sampling
        self._compared_s = time.monotonic()
        try:
            await self._pause.lull(PATIENCE_S)
            with self._time_budget.spending():
                if is_sampling:
                    self._looked_s = self._compared_s
                    await self._look(job)
                await self._compare(answer)
        finally:
            self._is_looking = False

    async def _look(self, job: Job) -> None:
        mark = await asyncio.to_thread(self._signature, job)
        place = None if mark is None else self._sample.place_for(mark)
        if mark is not None and place is not None:
            name, content = await asyncio.to_thread(self._blob, job)
            self._sample.put(place, Kept(name, content, mark))

    async def _compare(self, answer: Answer) -> None:
        """Whether what the head made of the frame is within the plan's ranges."""
        plan, run, table = answer.plan, answer.run, self._plans.model.table
        if plan is not None and run is not None and plan in choices(table):
            transforms = {} if answer.head is None else answer.head.transforms
            beyond = await asyncio.to_thread(share_beyond, plan, run.tensors, transforms)
            self.drift.note(table, beyond)

    def _signature(self, job: Job) -> Signature | None:
        """None for values that are not finite: a network is not calibrated from those."""
        if job.feeds is not None:
            return signature(job.feeds)
        if self._card is None or job.picture is None:
            return None
        return signature(sized_input(self._card, job.picture.pixels))

    def _blob(self, job: Job) -> tuple[str, bytes]:
        if self._card is not None and job.picture is not None:
            return pixels_blob(self._card, job.picture.pixels)
        return tensors_blob(self._graph, job.feeds or {})
