"""Cost of head borders: one exit and one mask hook that never fire, against the same head as one session.

The cut is the one that sends least among those behind 40 to 80 % of the arithmetic, as plans for slow links
choose it. The mask hook stands at the first place that the engine finds for an exit in that head, the exit
hook at the middle one, so that there are two borders; where it finds none, they stand at the last two that
one tensor crosses. Both do all of their work: a score for every position, pooled features and a classifier.
The exit's threshold cannot be reached; the mask hook sees each frame as the first of a new stream, for which
it never asks. Both heads take turns; a figure is the median ratio of neighbouring turns in the thread's own
processor time.
"""

from __future__ import annotations

import itertools
import statistics
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import write_result
from evosplit.edge.head.assemble import HeadOptions, HeadSource, assemble
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import run_head
from evosplit.edge.head.steps import Head
from evosplit.edge.hook_training.trainers import hidden
from evosplit.edge.hooks.decisions import GO, Decision
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.hooks.placement import exit_places, narrow_places
from evosplit.edge.hooks.saliency import SaliencyMaskHook
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cut
from evosplit.shared.session import random_feeds

TARGET: Final = 1.15
ROUNDS: Final = 31
ROOT: Final = Path(__file__).resolve().parents[1]
SHARED: Final = ROOT.parent / "shared" / "models"
MODELS: Final = (
    ROOT / "cli" / "assets" / "gate.onnx",
    *(SHARED / f"{name}.onnx" for name in ("resnet56_cifar10", "mobilenetv2", "yolox_nano")),
)


def main() -> None:
    """Measure and write the result."""
    models = {path.stem: _measure(load_graph(path)) for path in MODELS}
    ratio = max(model["ratio"] for model in models.values())
    write_result("head_borders", {"target": TARGET, "threads": 1, "ratio_worst": ratio, "models": models})
    print(f"worst ratio {ratio:.3f}, target {TARGET:g}")


def _measure(graph: Graph) -> dict[str, Any]:
    cut = _cut(graph)
    hooks = _hooks(graph, cut)
    stuff = HeadSource(graph, cut)
    plain, hooked = assemble(stuff, (), HeadOptions()), assemble(stuff, hooks, HeadOptions())
    bare = assemble(stuff, [_Silent(hook) for hook in hooks], HeadOptions())
    times_s = _race(graph, {"plain": plain, "hooked": hooked, "borders": bare})
    return {
        "cut": cut.key,
        "layers": len(graph.layers),
        "taps": [hook.tap for hook in hooks],
        "segments": len(hooked.segments),
        "plain_s": statistics.median(times_s["plain"]),
        "hooked_s": statistics.median(times_s["hooked"]),
        "ratio": _ratio(times_s["hooked"], times_s["plain"]),
        "ratio_of_borders_alone": _ratio(times_s["borders"], times_s["plain"]),
    }


class _Silent:
    """Stands where a hook does, and does nothing."""

    kind, macs = "exit", 0
    until: str | None = None

    def __init__(self, hook: Hook) -> None:
        self.name, self.tap = f"silent {hook.name}", hook.tap

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        del tensor, stream
        return GO


def _cut(graph: Graph) -> Cut:
    """Where the fewest values cross after much of the work."""
    total = graph.macs
    done = np.cumsum([layer.macs for layer in graph.layers]) / total
    middle = [
        prefix_cut(graph, index + 1) for index in np.flatnonzero((done >= 0.4) & (done <= 0.8)).tolist()
    ]
    return min(middle, key=lambda cut: sum(graph.tensors[name].elements for name in cut.boundary))


def _hooks(graph: Graph, cut: Cut) -> tuple[Hook, Hook]:
    places = exit_places(graph, cut) or tuple(narrow_places(graph, cut))[-2:]
    early, late = places[0].tap, places[len(places) // 2].tap
    return _mask_hook(graph, early), _exit_hook(graph, late)


def _mask_hook(graph: Graph, tap: str) -> Hook:
    channels = graph.tensors[tap].shape[1]
    rng = np.random.default_rng(0)
    own, around = rng.standard_normal((2, channels)).astype(np.float32)
    return SaliencyMaskHook("mask", tap, own, around, bias=0.0, threshold=0.5)


def _exit_hook(graph: Graph, tap: str) -> Hook:
    """Ten answers; its threshold is above what any confidence reaches."""
    features, rng = FeatureSpec(), np.random.default_rng(0)
    samples = rng.standard_normal((40, features.size(graph.tensors[tap].shape))).astype(np.float32)
    classifier = hidden(samples, np.arange(40) % 10, 10, 0)
    outputs = {
        name: np.zeros((10, *graph.tensors[name].shape), graph.tensors[name].dtype) for name in graph.outputs
    }
    return ExitHook("exit", tap, features, classifier, tuple("0123456789"), outputs, threshold=2.0)


def _race(graph: Graph, heads: dict[str, Head]) -> dict[str, list[float]]:
    """Seconds of each head, taking turns; the first turn warms up."""
    feeds, streams, hook_failures = random_feeds(graph.model), itertools.count(), HookFailures()
    times_s: dict[str, list[float]] = {name: [] for name in heads}
    for turn in range(ROUNDS + 1):
        for name, head in heads.items():
            wanted = {read: feeds[read] for read in head.reads}
            run_head(
                head, wanted, str(next(streams)), hook_failures
            )  # fetches the weights back into the caches
            started_s = time.thread_time()
            made = run_head(head, wanted, str(next(streams)), hook_failures)
            if turn:
                times_s[name].append(time.thread_time() - started_s)
            assert not made.changed_by
    assert not hook_failures.dropped, hook_failures.dropped
    return times_s


def _ratio(times_s: list[float], plain_s: list[float]) -> float:
    return statistics.median(time_s / plain for time_s, plain in zip(times_s, plain_s, strict=True))


if __name__ == "__main__":
    main()
