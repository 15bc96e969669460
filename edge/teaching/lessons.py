"""What full answers teach: hooks that follow a stream learn them, and the sampler keeps some for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edge.head.roster import HOOK_ERRORS, Roster
from edge.head.run import HeadRun
from edge.head.steps import Head
from edge.hooks.hook import Hook
from edge.hooks.repeat import RepeatHook
from edge.hooks.repeat_fit import RepeatTrials
from edge.learning.samples import Sample
from edge.teaching.allowance import Allowance

SAMPLING_SHARE: Final = 0.02
"""Reading features for the sampler may take this share of the thread that computes ..."""
MOST_BUDGET_S: Final = 0.25
"""... of which so much can be saved up while nothing happens."""

LEAST_ANSWERS: Final = 200
MORE: Final = 2
"""Stillness is judged after so many full answers, and each time that they have doubled."""
SAME_THRESHOLD: Final = 0.01


class Reader(Protocol):
    """What `edge.hooks.features.FeatureSpec` does."""

    def of(self, tensor: NDArray[Any]) -> NDArray[np.float32]:  # noqa: D102
        ...


class Takes(Protocol):
    """What `edge.learning.sampler.Sampler` does."""

    def offer(self, sample: Sample) -> bool:  # noqa: D102
        ...


class Lessons:
    """Hands full answers on. Used by the thread that computes.

    ``taps`` are the tensors whose features a sample holds, one after the other; answers are sampled as
    often as that is cheap. ``trials`` are the input that a repeating hook would read, the agreement it is to
    reach, and the pairs that it learns from.
    """

    def __init__(
        self,
        roster: Roster,
        reader: Reader,
        trials: tuple[str, float, RepeatTrials] | None = None,
    ) -> None:
        self._roster = roster
        self.taps: tuple[str, ...] = ()
        self._reader = reader
        self._trials = trials
        self._pairs_told = 0
        self._answers = 0
        self._repeats: RepeatHook | None = None
        self.sampler: Takes | None = None
        self._allowance = Allowance(SAMPLING_SHARE, MOST_BUDGET_S)

    def attend(self, taps: Sequence[str], sampler: Takes) -> None:
        """Sample these tensors from now on."""
        self.sampler = None
        self.taps, self.sampler = tuple(taps), sampler

    def still(self) -> RepeatHook | None:
        """A hook that repeats answers while nothing moves; None without news worth a change."""
        if self._trials is None or self._answers < MORE * self._pairs_told + LEAST_ANSWERS:
            return None
        tap, target, trials = self._trials
        self._pairs_told = self._answers
        hook = trials.hook("repeat", tap, target)
        if hook is None or (self._repeats and abs(self._repeats.threshold - hook.threshold) < SAME_THRESHOLD):
            return None
        self._repeats = hook
        return hook

    def wanted(self, head: Head) -> bool:
        """Whether an answer of this head teaches anything."""
        learns = any(hasattr(hook, "learn_answer") for hook in head.hooks)
        return learns or self._trials is not None or self._samples(head)

    def learn(
        self, head: Head, run: HeadRun, stream: str, answer: str | None, outputs: Mapping[str, NDArray[Any]]
    ) -> None:
        """One full answer. ``answer`` is its key, None where it is not discrete."""
        for hook in head.hooks:
            if hasattr(hook, "learn_answer") and self._roster.trusts(hook):
                self._tell(hook, run, stream, outputs)
        if self._trials is not None and (tap := self._trials[0]) in run.tensors:
            self._answers += 1
            self._trials[2].offer(stream, run.tensors[tap], answer)
        if answer is not None and self._samples(head):
            self._sample(run, answer, outputs)

    def _samples(self, head: Head) -> bool:
        return self.sampler is not None and bool(self.taps) and set(self.taps) <= set(head.watched)

    def _tell(self, hook: Hook, run: HeadRun, stream: str, outputs: Mapping[str, NDArray[Any]]) -> None:
        if hook.tap not in run.tensors:
            return
        try:
            cast(Any, hook).learn_answer(stream, run.tensors[hook.tap], outputs)
        except HOOK_ERRORS as error:
            self._roster.drop(hook, f"{type(error).__name__}: {error}")

    def _sample(self, run: HeadRun, answer: str, outputs: Mapping[str, NDArray[Any]]) -> None:
        is_whole = all(tap in run.tensors for tap in self.taps)  # a skipped block has no inner tensors
        if self._allowance.is_spent or not is_whole or any(hook.kind == "skip" for hook in run.changed_by):
            return
        with self._allowance.spending():
            features = np.concatenate([self._reader.of(run.tensors[tap]) for tap in self.taps])
            cast(Takes, self.sampler).offer(Sample(features, answer, outputs))
