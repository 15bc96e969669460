"""Training of exits in idle time: from a sampler to classifiers, by a process of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.hook_learning.rows import FitSchedule
from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.trained_classifier import TrainedClassifier, TrainingTask
from evosplit.edge.hook_training.training_process import TrainingJob, train
from evosplit.shared.errors import LearningError


@dataclass(frozen=True)
class TrainingSettings:
    """When to train and for what.

    It takes ``idle_s`` without a frame under way, at least ``least_samples`` offered in all, and ``growth``
    times those of the last time. See `TrainingJob` for the others.
    """

    target: float
    sure: float = 0.95
    seed: int = 0
    trainers: tuple[str, ...] = ()
    memory_bytes: int | None = None
    least_samples: int = 500
    growth: float = 1.5
    idle_s: float = 2.0


class ExitTrainer:
    """Trains on what a sampler holds; all of it belongs to one event loop.

    ``folder`` holds the samples and what was learned last. The process stands still while ``pause`` has a
    frame under way.
    """

    def __init__(
        self,
        sampler: Sampler,
        tasks: tuple[TrainingTask, ...],
        folder: Path,
        settings: TrainingSettings,
        pause: BackgroundPause,
    ) -> None:
        self._sampler, self._tasks, self._folder = sampler, tasks, folder
        self._settings, self._pause = settings, pause
        self._schedule = FitSchedule(settings.least_samples, settings.growth)
        self.is_training = False

    @property
    def is_due(self) -> bool:
        """Whether it is idle, and there are enough new samples."""
        is_idle = self._pause.quiet_s >= self._settings.idle_s
        return is_idle and self._schedule.is_due(self._sampler.offered)

    async def train(self) -> tuple[TrainedClassifier, ...] | None:
        """One attempt, whether or not it is due; None without samples.

        Raises LearningError where the samples cannot be learned from, or written: the next attempt comes with
        more of them. Raises OSError where there is no process to be had: it stays due.
        """
        offered = self._sampler.offered
        self.is_training = True
        try:
            if not await asyncio.to_thread(self._sampler.save, self.samples_path):
                return None
            learned = await train(self._job(), self._pause)
        except LearningError:
            self._schedule.fitted(offered)
            raise
        finally:
            self.is_training = False
        self._schedule.fitted(offered)
        return learned

    @property
    def samples_path(self) -> Path:
        """Where the samples are kept; `open_sampler` goes on from there."""
        return self._folder / "samples.npz"

    def _job(self) -> TrainingJob:
        chosen = self._settings
        return TrainingJob(
            samples=self.samples_path,
            learned=self._folder / "learned.npz",
            tasks=self._tasks,
            target=chosen.target,
            sure=chosen.sure,
            seed=chosen.seed,
            trainers=chosen.trainers,
            memory_bytes=chosen.memory_bytes,
        )
