"""Idle-time training loop, which hands over finished classifiers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.edge.background.pause import Pace
from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.learned import Learned, Task
from evosplit.edge.hook_training.training_process import Job, train
from evosplit.shared.errors import LearningError

RETRY_S: Final = 60.0
"""After an attempt that the operating system refused."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoopSettings:
    """When to train and for what.

    It takes ``idle_s`` without a frame under way, at least ``least_samples`` offered in all, and a growth by
    the share ``growth`` since the last time. See `Job` for the others.
    """

    target: float
    sure: float = 0.95
    seed: int = 0
    trainers: tuple[str, ...] = ()
    memory_bytes: int | None = None
    least_samples: int = 500
    growth: float = 0.5
    idle_s: float = 2.0
    poll_s: float = 0.5


class TrainerLoop:
    """Watches a sampler; ``run`` is its task, and all of it belongs to one event loop.

    ``folder`` holds the samples and what was learned last. ``on_learned`` is called in the event loop with
    every new set of classifiers. What goes wrong is one line in the log; the next attempt comes with more
    samples, or after `RETRY_S` where it was not the samples' fault.
    """

    def __init__(
        self,
        sampler: Sampler,
        tasks: tuple[Task, ...],
        folder: Path,
        on_learned: Callable[[tuple[Learned, ...]], None],
        settings: LoopSettings,
    ) -> None:
        self._sampler, self._tasks, self._folder = sampler, tasks, folder
        self._on_learned, self._settings = on_learned, settings
        self._under_way, self._last_end_s = 0, time.monotonic()
        self._pace = Pace()
        self._trained_at, self._retry_at_s = 0, 0.0
        self.training = False

    @contextlib.contextmanager
    def frame(self) -> Iterator[None]:
        """While this is open, a frame is under way, and a training process stands still."""
        self._under_way += 1
        try:
            with self._pace.frame():
                yield
        finally:
            self._under_way -= 1
            self._last_end_s = time.monotonic()

    async def run(self) -> None:
        """Until it is cancelled, which also ends a training process."""
        while True:
            await asyncio.sleep(self._settings.poll_s)
            if self._due():
                await self.train_now()

    async def train_now(self) -> None:
        """One attempt, whether or not it is time."""
        trained_before, self._trained_at = self._trained_at, self._sampler.offered
        self.training = True
        try:
            if await asyncio.to_thread(self._sampler.save, self.samples_path):
                self._on_learned(await train(self._job(), self._pace))
        except LearningError as failed:
            _log.warning("hooks were not trained: %s", failed)
        except OSError as refused:  # no process or no disk to be had just now
            _log.warning("hooks were not trained: %s; the next attempt is in %g s", refused, RETRY_S)
            self._trained_at, self._retry_at_s = trained_before, time.monotonic() + RETRY_S
        finally:
            self.training = False

    @property
    def samples_path(self) -> Path:
        """Where the samples are kept; `open_sampler` goes on from there."""
        return self._folder / "samples.npz"

    def _due(self) -> bool:
        settings, offered = self._settings, self._sampler.offered
        idle = not self._under_way and time.monotonic() - self._last_end_s >= settings.idle_s
        if offered < self._trained_at:  # the sampler has forgotten
            self._trained_at = 0
        wanted = max(settings.least_samples, self._trained_at * (1 + settings.growth))
        return idle and offered >= wanted and time.monotonic() >= self._retry_at_s

    def _job(self) -> Job:
        chosen = self._settings
        return Job(
            samples=self.samples_path,
            learned=self._folder / "learned.npz",
            tasks=self._tasks,
            target=chosen.target,
            sure=chosen.sure,
            seed=chosen.seed,
            trainers=chosen.trainers,
            memory_bytes=chosen.memory_bytes,
        )
