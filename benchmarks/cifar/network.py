"""Head of the network as the device runs it, and the features that a tap shows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.head.assemble import HeadOptions, HeadSource, assemble
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import HeadRun, run_head
from evosplit.edge.head.steps import Head, RunSegment
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import Hook
from evosplit.shared.graph import Graph, prefix_cut

Floats = NDArray[np.float32]

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SCALE = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True, eq=False)
class Seen:
    """Of n pictures: the network's ``scores`` `(n, 10)` and the ``features`` `(n, d)` at each tap.

    ``skipped`` is, per hook that ever skipped, the share of pictures.
    """

    scores: Floats
    features: Mapping[str, Floats]
    skipped: Mapping[str, float] = field(default_factory=dict)

    @property
    def answers(self) -> NDArray[np.int64]:
        """The likeliest class."""
        return np.asarray(self.scores.argmax(axis=1))


def head_of(graph: Graph, hooks: Sequence[Hook] = (), watched: Sequence[str] = ()) -> Head:
    """The whole network with hooks, one thread."""
    stuff = HeadSource(graph, prefix_cut(graph, len(graph.layers)))
    return assemble(stuff, hooks, HeadOptions(watched=tuple(watched)))


def feeds(graph: Graph, picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """`(32, 32, 3) uint8` as the network's input."""
    values = ((picture.astype(np.float32) / 255 - _MEAN) / _SCALE).transpose(2, 0, 1)[None]
    return {graph.inputs[0]: np.ascontiguousarray(values)}


def look(graph: Graph, head: Head, pictures: Iterable[NDArray[np.uint8]], spec: FeatureSpec) -> Seen:
    """Run every picture to the end, whatever the hooks in ``head`` skip, and read the watched tensors."""

    def look_at(picture: NDArray[np.uint8]) -> tuple[Floats, list[Floats], list[str]]:
        run = run_head(head, feeds(graph, picture), "learn", HookFailures())
        read = [spec.of(run.tensors[name]) for name in head.watched]
        return run.tensors[graph.outputs[0]][0], read, [hook.name for hook in run.changed_by]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        scores, rows, skips = zip(*pool.map(look_at, pictures), strict=True)
    counts = Counter(name for names in skips for name in names)
    features = {name: np.stack([row[index] for row in rows]) for index, name in enumerate(head.watched)}
    return Seen(np.stack(scores), features, {name: count / len(scores) for name, count in counts.items()})


def joined(parts: Sequence[Seen]) -> Seen:
    """One after the other."""
    names = parts[0].features
    features = {name: np.concatenate([part.features[name] for part in parts]) for name in names}
    return Seen(np.concatenate([part.scores for part in parts]), features)


def macs_of(graph: Graph, head: Head, run: HeadRun) -> int:
    """Multiply-accumulates that a frame took: the layers that ran and the hooks that were asked."""
    parts = {step.name: step.part for step in head.steps if isinstance(step, RunSegment)}
    hooks = {hook.name: hook.macs for hook in head.hooks}
    total = 0
    for step in run.trace.steps:
        if step.kind == "hook":
            total += hooks[step.name]
        else:
            total += sum(graph.layers[index].macs for index in parts[step.name].layers)
    return total
