"""Evaluation of hooks: arithmetic saved and accuracy lost, paired with the network without them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cifar.network import feeds, head_of, macs_of
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import run_head
from evosplit.edge.head.steps import Head
from evosplit.edge.hooks.hook import Hook
from evosplit.shared.graph import Graph


@dataclass(frozen=True, eq=False)
class Frames:
    """Of n frames: ``answers`` with hooks, who gave them, ``macs``; processor seconds with and without."""

    answers: NDArray[np.int64]
    by: Sequence[str]
    macs: NDArray[np.int64]
    with_s: NDArray[np.float64]
    without_s: NDArray[np.float64]
    whole: NDArray[np.int64]


def play(graph: Graph, hooks: Sequence[Hook], pictures: NDArray[np.uint8]) -> Frames:
    """Each picture once with the hooks and once through the network as one session, in turn.

    Time is what the thread had the processor for, so that others on the machine count less.
    """
    plain, head = head_of(graph), head_of(graph, hooks)
    answers, by, macs, with_s, without_s, whole = [], [], [], [], [], []
    for picture in pictures:
        values = feeds(graph, picture)
        whole_scores, seconds, _ = _run(graph, plain, values)
        without_s.append(seconds)
        whole.append(int(whole_scores.argmax()))
        scores, seconds, (name, count) = _run(graph, head, values)
        with_s.append(seconds)
        answers.append(int(scores.argmax()))
        by.append(name)
        macs.append(count)
    return Frames(
        np.array(answers), by, np.array(macs), np.array(with_s), np.array(without_s), np.array(whole)
    )


def _run(
    graph: Graph, head: Head, values: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], float, tuple[str, int]]:
    started_s = time.thread_time()
    run = run_head(head, values, "frames", HookFailures())
    seconds = time.thread_time() - started_s
    made = run.tensors if run.exit is None else run.exit.outputs
    return made[graph.outputs[0]], seconds, (run.exit_hook or "whole", macs_of(graph, head, run))


def report(graph: Graph, frames: Frames, labels: NDArray[np.integer]) -> dict[str, Any]:
    """The figures of one set of hooks on one set of pictures; ``labels`` say what is in them."""
    whole_macs = graph.macs
    right, whole_right = frames.answers == labels, frames.whole == labels
    lost, won = int((whole_right & ~right).sum()), int((right & ~whole_right).sum())
    names, counts = np.unique(np.array(frames.by), return_counts=True)
    time_ratio = float(frames.with_s.mean() / frames.without_s.mean())
    return {
        "frames": len(labels),
        "macs": round(float(frames.macs.mean()) / whole_macs, 4),
        "time": round(time_ratio, 3),
        "time_of_medians": round(float(np.median(frames.with_s) / np.median(frames.without_s)), 3),
        "mean_ms": round(1000 * float(frames.with_s.mean()), 3),
        "mean_ms_without_hooks": round(1000 * float(frames.without_s.mean()), 3),
        "accuracy": round(float(right.mean()), 4),
        "accuracy_without_hooks": round(float(whole_right.mean()), 4),
        "points_lost": round(100 * (lost - won) / len(labels), 2),
        "points_lost_95": [round(100 * bound, 2) for bound in paired_interval(lost, won, len(labels))],
        "agreement": round(float((frames.answers == frames.whole).mean()), 4),
        "answered_by": {
            str(name): round(float(count) / len(labels), 3) for name, count in zip(names, counts, strict=True)
        },
    }


def paired_interval(lost: int, won: int, count: int, deviations: float = 1.96) -> tuple[float, float]:
    """Of the difference of two paired shares, half a pair added to either side (Agresti and Min 2005)."""
    lost_more, won_more, total = lost + 0.5, won + 0.5, count + 2
    mean = (lost_more - won_more) / total
    spread = math.sqrt(max(0.0, lost_more + won_more - (lost_more - won_more) ** 2 / total)) / total
    return mean - deviations * spread, mean + deviations * spread
