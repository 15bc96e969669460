"""Overhead of splitting: head + tail in one process against the whole model, at every inner cut.

The whole model is the file as it is, with ONNX Runtime's full optimisation and the same thread count. Whole
and halves take turns. Each cut's figure is the median ratio of neighbouring turns, so that a machine that
slows down for a while does no harm; the model's is the median over its cuts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import onnx

from benchmarks.report import write_result
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cuts
from evosplit.shared.graph.passes import pin_shapes, unlist_weights
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model, tail_model

TARGET: Final = 1.05
MODELS: Final = ("squeezenet1.1", "resnet56_cifar10")
THREADS: Final = 1
ROUNDS: Final = 31
FOLDER: Final = Path(__file__).resolve().parents[2] / "shared" / "models"


def main() -> None:
    """Measure and write the result."""
    models = {name: _measure(FOLDER / f"{name}.onnx") for name in MODELS}
    ratios = [ratio for model in models.values() for ratio in model["ratio_by_cut"].values()]
    result = {"target": TARGET, "threads": THREADS, "ratio": statistics.median(ratios), "models": models}
    write_result("split_overhead", result)


def _measure(path: Path) -> dict[str, Any]:
    graph = load_graph(path)
    whole = Runner(pin_shapes(unlist_weights(onnx.load(path))), THREADS)
    rows = {cut.key: _compare(graph, cut, whole) for cut in prefix_cuts(graph)[1:-1]}
    ratios = {key: ratio for key, (_, _, ratio) in rows.items()}
    return {
        "ratio": statistics.median(ratios.values()),
        "ratio_worst": max(ratios.values()),
        "whole_s": statistics.median(whole_s for whole_s, _, _ in rows.values()),
        "split_s": statistics.median(split_s for _, split_s, _ in rows.values()),
        "ratio_by_cut": ratios,
    }


def _compare(graph: Graph, cut: Cut, whole: Runner) -> tuple[float, float, float]:
    """Median seconds of the whole model and of head then tail, and the median of their ratio."""
    feeds = random_feeds(graph.model)
    head, tail = Runner(head_model(graph, cut), THREADS), Runner(tail_model(graph, cut), THREADS)

    def both() -> None:
        made = head.run({name: feeds[name] for name in head.input_names})
        tail.run({name: made[name] for name in tail.input_names})

    whole_s: list[float] = []
    split_s: list[float] = []
    for _ in range(ROUNDS):
        whole_s.append(_time(lambda: whole.run(feeds)))
        split_s.append(_time(both))
    ratios = [split / whole for split, whole in zip(split_s, whole_s, strict=True)]
    return statistics.median(whole_s), statistics.median(split_s), statistics.median(ratios)


def _time(step: Callable[[], object]) -> float:
    """One run that fetches the weights back into the caches, then one that counts."""
    step()
    start_s = time.perf_counter()
    step()
    return time.perf_counter() - start_s


if __name__ == "__main__":
    main()
