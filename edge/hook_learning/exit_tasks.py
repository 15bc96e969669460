"""Exits to train in a head: their places, their columns in a sample, and the hooks made of classifiers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from evosplit.edge.hook_learning.examples import FittedHooks
from evosplit.edge.hook_training.trained_classifier import TrainedClassifier, TrainingTask
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.placement import exit_places
from evosplit.shared.graph import Cut, Graph

HOOK_MACS: Final = 5_000_000
"""Of layers, in the time of one hook with its border: about 0.09 ms where a millisecond does 57 million."""
AWAY_MACS: Final = 200_000_000
"""In the time of the way to the cloud and back, at least: 3.5 ms at that speed."""
FEATURES: Final = FeatureSpec()


@dataclass(frozen=True)
class ExitTask:
    """One tensor to exit at, and its columns in a sample."""

    tap: str
    task: TrainingTask


def exit_tasks(graph: Graph, cut: Cut) -> tuple[ExitTask, ...]:
    """The places for exits in a head, in the order of execution, their features one after the other."""
    layers = max(sum(layer.macs for layer in graph.layers), 1)
    whole = layers + (0 if len(cut.layers) == len(graph.layers) else AWAY_MACS)
    tasks, start = [], 0
    for index, place in enumerate(exit_places(graph, cut)):
        stop = start + FEATURES.size(graph.tensors[place.tap].shape)
        done, cost = place.done * layers / whole, HOOK_MACS / whole
        tasks.append(ExitTask(place.tap, TrainingTask(f"exit-{index}", start, stop, done, cost)))
        start = stop
    return tuple(tasks)


def exit_hooks(tasks: Iterable[ExitTask], learned: Iterable[TrainedClassifier]) -> tuple[ExitHook, ...]:
    """The classifiers that are to answer, as hooks."""
    taps = {task.task.name: task.tap for task in tasks}
    return tuple(
        ExitHook(
            name=exit_.name,
            tap=taps[exit_.name],
            features=FEATURES,
            classifier=exit_.classifier,
            answers=exit_.answers,
            outputs=exit_.outputs,
            threshold=exit_.threshold,
            agreement=exit_.agreement,
        )
        for exit_ in learned
        if exit_.threshold is not None
    )


def fitted_exits(tasks: tuple[ExitTask, ...], learned: tuple[TrainedClassifier, ...]) -> FittedHooks:
    """Trained classifiers as the hooks of a cut; those that cannot keep the target are left out."""
    rates = {exit_.name: exit_.exit_rate for exit_ in learned}
    return FittedHooks("exit", exit_hooks(tasks, learned), exit_rates=rates)
