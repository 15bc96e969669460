"""Learner of mask hooks, from an early tensor and the boundary of one camera's frames."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.background.time_budget import TimeBudget
from evosplit.edge.head.run import HeadRun
from evosplit.edge.hook_training.saliency_fit import fit_saliency
from evosplit.edge.hooks.placement import narrow_places
from evosplit.edge.hooks.saliency import SaliencyMaskHook
from evosplit.edge.streams.exchange import is_named
from evosplit.shared.graph import Cut, Graph, parse_cut

LEAST_PAIRS: Final = 40
MOST_PAIRS: Final = 200
MORE: Final = 2
"""A hook is looked for each time that so many times as many frames were offered."""
SHARE: Final = 0.02
"""Copying may take this share of the thread that computes ..."""
MOST_SAVED_S: Final = 0.25
"""... of which so much can be saved up."""

_Half = NDArray[np.float16]


def salient_place(graph: Graph, cut: Cut) -> tuple[str, str] | None:
    """The earliest map behind some arithmetic, and the largest map that crosses; None without both.

    Only behind the tap can a mask spare anything, so that it must not cross itself.
    """
    crossing = [graph.tensors[name] for name in cut.boundary if _is_map(graph, name)]
    early = (p for p in narrow_places(graph, cut) if p.done > 0 and _is_map(graph, p.tap))
    tap = next((place.tap for place in early if place.tap not in cut.boundary), None)
    if tap is None or not crossing:
        return None
    return tap, max(crossing, key=lambda one: one.elements).name


class MaskLearner:
    """Pairs of tensors in half precision, at most ``limit_bytes`` of them, all of one named stream.

    They lie evenly over all the time: when they are too many, every other one goes, and from then on half as
    many are taken. `offer` belongs to the thread that computes, `fit` to any one other.
    """

    def __init__(self, graph: Graph, target: float, limit_bytes: int) -> None:
        self._graph = graph
        self._target = target
        self._limit_bytes = limit_bytes
        self._time_budget = TimeBudget(SHARE, MOST_SAVED_S)
        self._about: tuple[str, str, str] = ("", "", "")
        self._pairs: list[tuple[_Half, _Half]] = []
        self.reset()

    def reset(self) -> None:
        """Forget all pairs: they were of another place, or a hook was made of them."""
        self._about, self._pairs = ("", "", ""), []
        self._offered = self._told = 0
        self._every = 1

    @functools.lru_cache(maxsize=64)  # noqa: B019 - as long as the agent
    def place(self, cut_key: str) -> tuple[str, str] | None:
        """As `salient_place`."""
        return salient_place(self._graph, parse_cut(self._graph, cut_key))

    def offer(self, place: tuple[str, str], run: HeadRun, stream: str) -> None:
        """One full answer's tensors; those that a hook had a hand in teach nothing about the whole way."""
        if run.changed_by or not is_named(stream) or not set(place) <= set(run.tensors):
            return
        if self._about[:2] != place:
            self.reset()
            self._about = (*place, stream)
        if self._about[2] != stream or self._time_budget.is_spent:
            return
        self._offered += 1
        if self._offered % self._every == 0:
            with self._time_budget.spending():
                self._take(*(run.tensors[name] for name in place))

    def fit(self) -> SaliencyMaskHook | None:
        """A hook that the pairs until now show to be safe; None without news. May take seconds."""
        about, pairs = self._about, list(self._pairs)
        is_news = len(pairs) >= LEAST_PAIRS and self._offered >= MORE * self._told
        if not is_news or about != self._about:
            return None
        self._told = self._offered
        tap, (seen, crossed) = about[0], zip(*pairs, strict=True)
        return fit_saliency(f"saliency-{self._layer(tap)}", tap, seen, crossed, self._target)

    def _take(self, seen: NDArray[Any], crossed: NDArray[Any]) -> None:
        with np.errstate(over="ignore"):
            pair = seen.astype(np.float16), crossed.astype(np.float16)
        if not all(np.isfinite(one).all() for one in pair):
            return
        most = min(MOST_PAIRS, self._limit_bytes // sum(one.nbytes for one in pair))
        if len(self._pairs) >= max(most, 1):
            self._pairs, self._every = self._pairs[1::2], 2 * self._every
        if most:
            self._pairs.append(pair)

    def _layer(self, tap: str) -> int:
        return next(layer.index for layer in self._graph.layers if tap in layer.outputs)


def _is_map(graph: Graph, name: str) -> bool:
    return len(graph.tensors[name].shape) == 4 and graph.tensors[name].is_float and name not in graph.inputs
