"""Learner of saliency masks: what an early tensor and the boundary of one camera's frames looked like."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, field
from typing import Final

from evosplit.edge.hook_learning.examples import Example, FittedHooks, TriedVariant
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_learning.rows import FitSchedule
from evosplit.edge.hook_learning.thinned_pairs import ThinnedPairs
from evosplit.edge.hook_training.saliency_fit import fit_saliency
from evosplit.edge.hooks.placement import narrow_places
from evosplit.edge.streams.exchange import is_named
from evosplit.shared.graph import Cut, Graph, parse_cut
from evosplit.shared.plan import Plan

LEAST_PAIRS: Final = 40
GROWTH: Final = 2
"""A hook is looked for each time that so many times as many frames were offered."""
KIND: Final = "mask"


def saliency_place(graph: Graph, cut: Cut) -> tuple[str, str] | None:
    """The earliest map behind some arithmetic, and the largest map that crosses; None without both.

    Only behind the tap can a mask spare anything, so that it must not cross itself.
    """
    crossing = [graph.tensors[name] for name in cut.boundary if _is_map(graph, name)]
    early = (p for p in narrow_places(graph, cut) if p.done > 0 and _is_map(graph, p.tap))
    tap = next((place.tap for place in early if place.tap not in cut.boundary), None)
    if tap is None or not crossing:
        return None
    return tap, max(crossing, key=lambda tensor: tensor.elements).name


@dataclass(frozen=True, eq=False)
class _Collected:
    """The pairs of one place and one stream: one value, so that no pair gets to another's."""

    place: tuple[str, str]
    stream: str
    pairs: ThinnedPairs = field(default_factory=ThinnedPairs)
    schedule: FitSchedule = field(default_factory=lambda: FitSchedule(LEAST_PAIRS, GROWTH))


class MaskLearner:
    """Learns from the first named stream that it meets, in at most the context's ``limit_bytes``."""

    name = "saliency"
    is_sampled = True
    rests_on = frozenset({KIND})

    def __init__(self, context: LearnerContext) -> None:
        self._context = context
        self._collected: _Collected | None = None
        self._place = functools.lru_cache(maxsize=64)(self._find_place)

    def taps(self, plan: Plan) -> tuple[str, ...]:
        """The tensor that a mask would read."""
        place = self._place(plan.cut_key)
        return () if place is None else (place[0],)

    async def follow(self, plan: Plan) -> tuple[str, ...]:
        """As `taps`."""
        return self.taps(plan)

    def wants(self, example: Example) -> bool:
        """Where no mask is at work and no hook had a hand in the frame: others teach nothing of the whole."""
        place = self._place_of(example)
        if place is None or not is_named(example.stream) or example.run.changed_by:
            return False
        collected = self._collected
        is_other_stream = (
            collected is not None and collected.place == place and collected.stream != example.stream
        )
        is_there = set(place) <= set(example.run.tensors)
        return is_there and not is_other_stream and not self._context.is_at_work(KIND)

    def observe(self, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        """One pair."""
        del tried
        place = self._place_of(example)
        if place is None:
            return
        if self._collected is None or self._collected.place != place:
            self._collected = _Collected(place, example.stream)
        tensors = example.run.tensors
        self._collected.pairs.offer(tensors[place[0]], tensors[place[1]], self._context.limit_bytes)

    async def fit(self) -> FittedHooks | None:
        """The hook. May take seconds."""
        collected = self._collected
        if collected is None or not self._is_due(collected):
            return None
        collected.schedule.fitted(collected.pairs.offered)
        tap, (seen, crossed) = collected.place[0], zip(*tuple(collected.pairs.pairs), strict=True)
        name = f"{self.name}-{self._context.layer_of(tap)}"
        hook = await asyncio.to_thread(fit_saliency, name, tap, seen, crossed, self._context.target)
        return None if hook is None else FittedHooks(KIND, (hook,))

    def reset(self) -> None:
        """Forget the pairs."""
        self._collected = None

    def _is_due(self, collected: _Collected) -> bool:
        return len(collected.pairs.pairs) >= LEAST_PAIRS and collected.schedule.is_due(
            collected.pairs.offered
        )

    def _place_of(self, example: Example) -> tuple[str, str] | None:
        plan = example.answer.plan
        return None if plan is None else self._place(plan.cut_key)

    def _find_place(self, cut_key: str) -> tuple[str, str] | None:
        graph = self._context.graph
        return saliency_place(graph, parse_cut(graph, cut_key))


def _is_map(graph: Graph, name: str) -> bool:
    return len(graph.tensors[name].shape) == 4 and graph.tensors[name].is_float and name not in graph.inputs
