"""Feature sampling: some of the full answers, with features of tapped tensors, for training exits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.head.steps import Head
from evosplit.edge.hook_learning.examples import Example
from evosplit.edge.hook_training.samples import Sample


class FeatureReader(Protocol):
    """What `evosplit.edge.hooks.features.FeatureSpec` does."""

    def of(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """The features `(d,)` of a tensor."""
        ...


class SampleSink(Protocol):
    """What `evosplit.edge.hook_learning.sampler.Sampler` does."""

    def offer(self, sample: Sample) -> bool:
        """Whether the sample is kept."""
        ...


@dataclass(frozen=True)
class Sampling:
    """What is sampled, and where it goes: one value, so that no sampler gets features of others' tensors.

    ``taps`` are the tensors whose features a sample holds, one after the other.
    """

    taps: tuple[str, ...]
    sampler: SampleSink

    def fits(self, head: Head) -> bool:
        """Whether a head hands all of them out."""
        return bool(self.taps) and set(self.taps) <= set(head.watched)


class SampleCollector:
    """Offers examples to the sampler in use.

    `sample_from` may be called by any thread: an example under way ends with the value that it began with.
    """

    def __init__(self, reader: FeatureReader) -> None:
        self._reader = reader
        self._sampling: Sampling | None = None

    def sample_from(self, sampling: Sampling) -> None:
        """Sample this from now on."""
        self._sampling = sampling

    def wants(self, example: Example) -> bool:
        """Whether the answer has a name, and its head hands out what is sampled."""
        sampling = self._sampling
        return example.key is not None and sampling is not None and sampling.fits(example.head)

    def observe(self, example: Example) -> None:
        """One full answer; a skipped block has no inner tensors, and its output is another."""
        sampling, run = self._sampling, example.run  # read once: another thread may change it meanwhile
        if sampling is None or example.key is None or not sampling.fits(example.head):
            return
        is_whole = all(tap in run.tensors for tap in sampling.taps)
        if is_whole and not any(hook.kind == "skip" for hook in run.changed_by):
            features = np.concatenate([self._reader.of(run.tensors[tap]) for tap in sampling.taps])
            sampling.sampler.offer(Sample(features, example.key, example.answer.outputs))
