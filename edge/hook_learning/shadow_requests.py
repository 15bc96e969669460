"""Shadow requests: a few frames on which the cloud answers fewer bits or channels, or without a block.

No client waits for it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.audits.answer_agreement import agree
from evosplit.edge.background.time_budget import TokenBucket
from evosplit.edge.hook_learning.bits_channels_learner import TrialLearner, learners_for
from evosplit.edge.hook_learning.skip_learner import SkipLearner
from evosplit.edge.hooks.decisions import Bits, Keep
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.streams.exchange import is_stream
from evosplit.shared.errors import CloudRefusedError, CloudUnavailableError, InputError, LearningError
from evosplit.shared.lru import Lru
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode

SHARE: Final = 0.01
"""Of the bytes that frames send, so many more may go into asking; as many go into auditing plans."""
MOST_BYTES: Final = 4 << 20
"""So much of that can be saved up."""
MORE: Final = 1.2
"""Hooks are looked for each time that there are so many times the rows."""
LEAST_ROWS: Final = 20
_STREAMS: Final = 64

_log = logging.getLogger(__name__)


class ShadowRequests:
    """Learns about the largest tensor of the plan in use. All of it belongs to the event loop.

    ``kinds`` of ``bits``, ``channels`` and ``skip`` are learned, where no hook of that kind is at work.
    Frames that follow each other with one answer count once; deltas, which need codes that mean the same,
    are left alone.
    """

    def __init__(self, engine: Engine, kinds: Collection[str], target: float) -> None:
        self._engine = engine
        self._kinds = frozenset(kinds)
        self._target = target
        self._about: tuple[str, int] = ("", 0)
        self._lessons: tuple[TrialLearner, ...] = ()
        self._told: dict[str, int] = {}
        self._byte_budget = TokenBucket(SHARE, MOST_BYTES)
        self._last: Lru[str, str] = Lru(_STREAMS)
        self.skips = SkipLearner(engine, "skip" in self._kinds, target)

    async def ask_about(self, job: Job, answer: Answer, key: str | None) -> None:
        """Perhaps learn from one full answer, whose key is given."""
        plan, run = answer.plan, answer.run
        if plan is None or run is None or answer.sent_as != "whole" or is_stream(job.stream, plan):
            return
        self._byte_budget.earn(answer.wire_bytes)
        is_poor = self._byte_budget.left < answer.wire_bytes
        if run.changed_by or key is None or self._engine.cloud.is_busy or is_poor:
            return
        lesson, skips = self._lesson(plan), self.skips.is_open(plan)
        if (lesson is None and not skips) or self._last.get(job.stream) == key:
            return
        self._last.put(job.stream, key)
        with contextlib.suppress(CloudUnavailableError, CloudRefusedError, InputError):
            if lesson is None or (skips and len(self.skips) < len(lesson)):
                self._byte_budget.spend(await self.skips.attempt(answer))
            else:
                await self._ask(lesson, answer)

    def fit(self) -> Hook | None:
        """A hook that the rows until now show to be safe; None without news. May take a second."""
        for lesson in self._lessons:
            if len(lesson) < max(LEAST_ROWS, MORE * self._told.get(lesson.kind, 0)) or self._works(lesson):
                continue
            self._told[lesson.kind] = len(lesson)
            try:
                hook = lesson.hook(f"{lesson.kind}-{self._place()}", self._target)
            except LearningError as failed:
                _log.warning("%s are not learned: %s", lesson.kind, failed)
                continue
            if hook is not None:
                return hook
        try:
            return self.skips.fit()
        except LearningError as failed:
            _log.warning("skips are not learned: %s", failed)
            return None

    def reset(self) -> None:
        """What crosses is another thing now: rows were found without the hooks that are at work."""
        self._about, self._lessons = ("", 0), ()
        self._told.clear()

    async def _ask(self, lesson: TrialLearner, answer: Answer) -> None:
        """One row, from the mildest way on."""
        if answer.run is None:
            return
        tensor, card = answer.run.tensors[self._about[0]], self._engine.plans.model.card
        bits, keep = _claimed(answer)
        stays = [False] * lesson.tries
        for at in reversed(range(lesson.tries)):
            fewer, less = lesson.way(tensor, at)
            outputs, sent_bytes = await self._engine.shadow(answer, {**bits, **fewer}, {**keep, **less})
            self._byte_budget.spend(sent_bytes)
            stays[at] = agree(card, outputs, answer.outputs)
            if not stays[at]:
                break
        lesson.add(tensor, tuple(stays))

    def _lesson(self, plan: Plan) -> TrialLearner | None:
        """The one with the fewest rows, of those that teach something new."""
        graph = self._engine.plans.model.graph
        named = [graph.tensors[name] for name in plan.boundary if name not in graph.inputs]
        if not named:
            return None
        tensor = max(named, key=lambda one: one.elements)
        code = plan.wire.get(tensor.name, TensorCode(FLOAT_BITS))
        if self._about != (tensor.name, code.bits):
            self.reset()
            self._about, self._lessons = (tensor.name, code.bits), learners_for(tensor, code)
        open_ones = [one for one in self._lessons if one.kind in self._kinds and not self._works(one)]
        return min(open_ones, key=len, default=None)

    def _works(self, lesson: TrialLearner) -> bool:
        """Whether a hook does already what the lesson is about."""
        return any(
            hook.kind == lesson.kind and hook.tap == self._about[0] and self._engine.trust.believes(hook)
            for hook in self._engine.plans.heads.hooks
        )

    def _place(self) -> int:
        layers = self._engine.plans.model.graph.layers
        return next((layer.index for layer in layers if self._about[0] in layer.outputs), 0)


def _claimed(answer: Answer) -> tuple[Mapping[str, int], Mapping[str, NDArray[np.bool_]]]:
    """What hooks at work would have left out of an audited frame: what is learned comes on top of it."""
    bits: dict[str, int] = {}
    keep: dict[str, Any] = {}
    for note in answer.run.noted if answer.run is not None else ():
        if isinstance(note.decision, Bits):
            bits.update(note.decision.bits)
        elif isinstance(note.decision, Keep):
            keep[note.decision.tensor] = note.decision.channels
    return bits, keep
