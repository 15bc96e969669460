"""Learner of repeat hooks: how still a stream's picture must be for its last answer to be given again."""

from __future__ import annotations

import asyncio
from typing import Final

from evosplit.edge.hook_learning.examples import Example, FittedHooks, TriedVariant
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_learning.rows import FitSchedule
from evosplit.edge.hook_training.repeat_fit import AnswerPairs
from evosplit.edge.hooks.reduced import Reduction
from evosplit.edge.hooks.repeat import RepeatHook

LEAST_ANSWERS: Final = 200
GROWTH: Final = 2
"""Stillness is judged after so many full answers, and each time that they have doubled."""
SAME_THRESHOLD: Final = 0.01
"""A hook whose threshold differs by less stays."""
WHOLE: Final = (0.0, 0.0, 1.0, 1.0)


class RepeatLearner:
    """Learns from pairs of full answers of one stream, of which it sees all: pairs are so many apart."""

    name = "repeat"
    is_sampled = False
    rests_on = frozenset[str]()

    def __init__(self, context: LearnerContext) -> None:
        self._tap = context.graph.inputs[0]
        self._target = context.target
        self._reduction = Reduction(region=context.region or WHOLE)
        self._pairs = AnswerPairs(self._reduction)
        self._schedule = FitSchedule(LEAST_ANSWERS, GROWTH)
        self._answers = 0
        self._hook: RepeatHook | None = None

    def wants(self, example: Example) -> bool:
        """Where the input is there."""
        return self._tap in example.run.tensors

    def observe(self, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        """Pairs with earlier answers of the stream."""
        del tried
        self._answers += 1
        self._pairs.offer(example.stream, example.run.tensors[self._tap], example.key)

    async def fit(self) -> FittedHooks | None:
        """The hook, where its threshold is another than before."""
        if not self._schedule.is_due(self._answers):
            return None
        self._schedule.fitted(self._answers)
        hook = await asyncio.to_thread(self._pairs.hook, self.name, self._tap, self._target)
        before = self._hook
        if hook is None or (before is not None and abs(before.threshold - hook.threshold) < SAME_THRESHOLD):
            return None
        self._hook = hook
        return FittedHooks(self.name, (hook,))

    def reset(self) -> None:
        """Forget the pairs."""
        self._pairs = AnswerPairs(self._reduction)
        self._answers = 0
