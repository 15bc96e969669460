"""Learner of exit hooks: which tensors are sampled, and what becomes of classifiers trained on them."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.hook_learning.examples import Example, FittedHooks, TriedVariant
from evosplit.edge.hook_learning.exit_tasks import FEATURES, ExitTask, exit_tasks, fitted_exits
from evosplit.edge.hook_learning.exit_trainer import ExitTrainer, TrainingSettings
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_learning.sample_collector import SampleCollector, Sampling
from evosplit.edge.hook_learning.sampler import Sampler, open_sampler
from evosplit.edge.telemetry.hook_state import SamplerState
from evosplit.shared.graph import parse_cut
from evosplit.shared.plan import Plan


@dataclass(frozen=True, eq=False)
class ExitTraining:
    """The tasks of one cut, with their sampler and trainer."""

    tasks: tuple[ExitTask, ...]
    sampler: Sampler
    trainer: ExitTrainer

    @property
    def taps(self) -> tuple[str, ...]:
        """The tensors that are sampled."""
        return tuple(task.tap for task in self.tasks)


def open_training(
    tasks: tuple[ExitTask, ...],
    folder: Path,
    limit_bytes: int,
    settings: TrainingSettings,
    pause: BackgroundPause,
) -> ExitTraining:
    """Samples and classifiers lie in a folder of their own below ``folder``: they fit no other tensors.

    Raises OSError.
    """
    taps = tuple(task.tap for task in tasks)
    own = folder / f"exits-{hashlib.sha256(repr(taps).encode()).hexdigest()[:12]}"
    own.mkdir(parents=True, exist_ok=True)
    sampler = open_sampler(own / "samples.npz", limit_bytes)
    trainer = ExitTrainer(sampler, tuple(task.task for task in tasks), own, settings, pause)
    return ExitTraining(tasks, sampler, trainer)


class ExitLearner:
    """Samples where the plan in use can exit, and trains in idle time."""

    name = "exit"
    is_sampled = True
    rests_on = frozenset[str]()

    def __init__(self, context: LearnerContext) -> None:
        self._context = context
        self._collector = SampleCollector(FEATURES)
        self.training: ExitTraining | None = None

    def taps(self, plan: Plan) -> tuple[str, ...]:
        """Where exits can stand in the plan's head."""
        return tuple(task.tap for task in self._tasks(plan))

    async def follow(self, plan: Plan) -> tuple[str, ...]:
        """Sample for the plan's cut, unless its head hands out what is sampled already. Raises OSError."""
        training, tasks = self.training, self._tasks(plan)
        is_held = training is not None and self._context.plans.watches(training.taps)
        if tasks and not is_held and (training is None or training.tasks != tasks):
            context = self._context
            settings = TrainingSettings(target=context.target)
            made = await asyncio.to_thread(
                open_training, tasks, context.folder, context.limit_bytes, settings, context.pause
            )
            self._collector.sample_from(Sampling(made.taps, made.sampler))
            self.training = training = made
        return () if training is None else training.taps

    def wants(self, example: Example) -> bool:
        """As the sample collector."""
        return self._collector.wants(example)

    def observe(self, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        """One sample."""
        del tried
        self._collector.observe(example)

    async def fit(self) -> FittedHooks | None:
        """All exits of the cut, trained by a process of its own once it is idle. Takes minutes."""
        training = self.training
        if training is None or not training.trainer.is_due:
            return None
        learned = await training.trainer.train()
        return None if learned is None else fitted_exits(training.tasks, learned)

    def reset(self) -> None:
        """Forget the samples."""
        if self.training is not None:
            self.training.sampler.forget()

    @property
    def sampler_state(self) -> SamplerState:
        """What is sampled now."""
        training = self.training
        if training is None:
            return SamplerState((), 0, 0, self._context.limit_bytes, training=False)
        sampler = training.sampler
        return SamplerState(
            training.taps,
            sampler.offered,
            sampler.size_bytes,
            sampler.limit_bytes,
            training=training.trainer.is_training,
        )

    def _tasks(self, plan: Plan) -> tuple[ExitTask, ...]:
        graph = self._context.graph
        return exit_tasks(graph, parse_cut(graph, plan.cut_key))
