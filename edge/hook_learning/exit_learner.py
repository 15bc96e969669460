"""Learner of exits: which tensors are sampled, and what becomes of trained classifiers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.edge.hook_learning.sampler import Sampler, open_sampler
from evosplit.edge.hook_learning.trainer_loop import LoopSettings, TrainerLoop
from evosplit.edge.hook_training.learned import Learned, Task
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.placement import exit_places
from evosplit.shared.graph import Cut, Graph

HOOK_MACS: Final = 5_000_000
"""Of layers, in the time of one hook with its border: about 0.09 ms where a millisecond does 57 million."""

AWAY_MACS: Final = 200_000_000
"""In the time of the way to the cloud and back, at least: 3.5 ms at that speed."""

FEATURES = FeatureSpec()


@dataclass(frozen=True)
class ExitTask:
    """One tensor to exit at, and its columns in a sample."""

    tap: str
    task: Task


def exit_tasks(graph: Graph, cut: Cut) -> tuple[ExitTask, ...]:
    """The places for exits in a head, in the order of execution, their features one after the other."""
    layers = max(graph.macs, 1)
    whole = layers + (0 if len(cut.layers) == len(graph.layers) else AWAY_MACS)
    found, start = [], 0
    for at, place in enumerate(exit_places(graph, cut)):
        stop = start + FEATURES.size(graph.tensors[place.tap].shape)
        done, cost = place.done * layers / whole, HOOK_MACS / whole
        found.append(ExitTask(place.tap, Task(f"exit-{at}", start, stop, done, cost)))
        start = stop
    return tuple(found)


def exit_hooks(classes: Iterable[ExitTask], learned: Iterable[Learned]) -> tuple[ExitHook, ...]:
    """The classifiers that are to answer, as hooks."""
    taps = {one.task.name: one.tap for one in classes}
    return tuple(
        ExitHook(
            name=one.name,
            tap=taps[one.name],
            features=FEATURES,
            classifier=one.classifier,
            answers=one.answers,
            outputs=one.outputs,
            threshold=one.threshold,
            agreement=one.agreement,
        )
        for one in learned
        if one.threshold is not None
    )


class ExitLearner:
    """The sampler and the training loop for one set of tensors.

    Samples and classifiers lie in a folder of their own below ``folder``: they fit no other tensors.
    """

    def __init__(
        self,
        classes: tuple[ExitTask, ...],
        folder: Path,
        limit_bytes: int,
        settings: LoopSettings,
        on_hooks: Callable[[tuple[ExitHook, ...], tuple[Learned, ...]], None],
    ) -> None:
        self.classes = classes
        self.taps = tuple(one.tap for one in classes)
        own = folder / f"exits-{hashlib.sha256(repr(self.taps).encode()).hexdigest()[:12]}"
        own.mkdir(parents=True, exist_ok=True)
        self.sampler: Sampler = open_sampler(own / "samples.npz", limit_bytes)
        self._on_hooks = on_hooks
        tasks = tuple(one.task for one in classes)
        self.loop = TrainerLoop(self.sampler, tasks, own, self._trained, settings)

    def _trained(self, learned: tuple[Learned, ...]) -> None:
        self._on_hooks(exit_hooks(self.classes, learned), learned)
