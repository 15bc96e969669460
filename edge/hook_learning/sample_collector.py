"""Collector of training samples from full answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.background.time_budget import TimeBudget
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.hook_training.repeat_fit import RepeatTrials
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.hooks.hook import HOOK_ERRORS, AnswerLearningHook
from evosplit.edge.hooks.repeat import RepeatHook

SAMPLING_SHARE: Final = 0.02
"""Reading features for the sampler may take this share of the thread that computes ..."""
MOST_BUDGET_S: Final = 0.25
"""... of which so much can be saved up while nothing happens."""

LEAST_ANSWERS: Final = 200
MORE: Final = 2
"""Stillness is judged after so many full answers, and each time that they have doubled."""
SAME_THRESHOLD: Final = 0.01


class Reader(Protocol):
    """What `evosplit.edge.hooks.features.FeatureSpec` does."""

    def of(self, tensor: NDArray[Any]) -> NDArray[np.float32]:  # noqa: D102
        ...


class Takes(Protocol):
    """What `evosplit.edge.hook_learning.sampler.Sampler` does."""

    def offer(self, sample: Sample) -> bool:  # noqa: D102
        ...


@dataclass(frozen=True)
class Sampling:
    """What is sampled, and where it goes: one value, so that no sampler gets features of others' tensors.

    ``taps`` are the tensors whose features a sample holds, one after the other.
    """

    taps: tuple[str, ...]
    sampler: Takes


class SampleCollector:
    """Hands full answers on. Used by the thread that computes, but for `sample_from`.

    Answers are sampled as often as that is cheap. ``trials`` are the input that a repeating hook would read,
    the agreement it is to reach, and the pairs that it learns from.
    """

    def __init__(
        self,
        hook_failures: HookFailures,
        reader: Reader,
        trials: tuple[str, float, RepeatTrials] | None = None,
    ) -> None:
        self._hook_failures = hook_failures
        self._reader = reader
        self._trials = trials
        self._pairs_told = 0
        self._answers = 0
        self._repeats: RepeatHook | None = None
        self._sampling: Sampling | None = None
        self._time_budget = TimeBudget(SAMPLING_SHARE, MOST_BUDGET_S)

    def sample_from(self, sampling: Sampling) -> None:
        """Sample this from now on. Any thread may call: a frame under way ends with what it began with."""
        self._sampling = sampling

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
        learns = any(isinstance(hook, AnswerLearningHook) for hook in head.hooks)
        return learns or self._trials is not None or _samples(self._sampling, head)

    def learn(
        self, head: Head, run: HeadRun, stream: str, answer: str | None, outputs: Mapping[str, NDArray[Any]]
    ) -> None:
        """One full answer. ``answer`` is its key, None where it is not discrete."""
        for hook in head.hooks:
            if isinstance(hook, AnswerLearningHook) and self._hook_failures.trusts(hook):
                self._tell(hook, run, stream, outputs)
        if self._trials is not None and (tap := self._trials[0]) in run.tensors:
            self._answers += 1
            self._trials[2].offer(stream, run.tensors[tap], answer)
        sampling = self._sampling  # read once: the event loop may change it meanwhile
        if answer is not None and sampling is not None and _samples(sampling, head):
            self._sample(sampling, run, answer, outputs)

    def _tell(
        self, hook: AnswerLearningHook, run: HeadRun, stream: str, outputs: Mapping[str, NDArray[Any]]
    ) -> None:
        if hook.tap not in run.tensors:
            return
        try:
            hook.learn_answer(stream, run.tensors[hook.tap], outputs)
        except HOOK_ERRORS as error:
            self._hook_failures.drop(hook, f"{type(error).__name__}: {error}")

    def _sample(
        self, sampling: Sampling, run: HeadRun, answer: str, outputs: Mapping[str, NDArray[Any]]
    ) -> None:
        is_whole = all(tap in run.tensors for tap in sampling.taps)  # a skipped block has no inner tensors
        if self._time_budget.is_spent or not is_whole or any(hook.kind == "skip" for hook in run.changed_by):
            return
        with self._time_budget.spending():
            features = np.concatenate([self._reader.of(run.tensors[tap]) for tap in sampling.taps])
            sampling.sampler.offer(Sample(features, answer, outputs))


def _samples(sampling: Sampling | None, head: Head) -> bool:
    return sampling is not None and bool(sampling.taps) and set(sampling.taps) <= set(head.watched)
