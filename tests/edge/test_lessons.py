"""What is sampled changes as one value: features of old taps never reach a new sampler."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.head.trace import HeadTrace
from evosplit.edge.hook_learning.sample_collector import SampleCollector, Sampling
from evosplit.edge.hook_training.samples import Sample

TENSORS = {"early": np.full((1, 4), 1, np.float32), "late": np.full((1, 4), 2, np.float32)}


@dataclass
class Kept:
    """Takes all."""

    samples: list[Sample] = field(default_factory=list)

    def offer(self, sample: Sample) -> bool:
        self.samples.append(sample)
        return True


class Interrupted:
    """Reads a tensor; the event loop changes the plan before it is done."""

    def __init__(self) -> None:
        self.reading, self.changed = threading.Event(), threading.Event()

    def of(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        self.reading.set()
        assert self.changed.wait(10)
        return np.asarray(tensor, np.float32).reshape(-1)


def head() -> Head:
    names = tuple(TENSORS)
    return Head((), ("x",), (), (), (), names, ())


def test_features_of_the_old_taps_go_to_the_old_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evosplit.edge.background.time_budget.TimeBudget.is_spent", False)
    reader, old, new = Interrupted(), Kept(), Kept()
    collector = SampleCollector(HookFailures(), reader)
    collector.sample_from(Sampling(("early",), old))
    run = HeadRun(TENSORS, HeadTrace(()))
    computing = threading.Thread(target=collector.learn, args=(head(), run, "gate", "3", {}))
    computing.start()
    assert reader.reading.wait(10)
    collector.sample_from(Sampling(("early", "late"), new))  # the plan changes while features are computed
    reader.changed.set()
    computing.join(10)
    assert [sample.features.tolist() for sample in old.samples] == [[1.0] * 4]
    assert new.samples == []
    collector.learn(head(), run, "gate", "3", {})
    assert [sample.features.tolist() for sample in new.samples] == [[1.0] * 4 + [2.0] * 4]
    assert len(old.samples) == 1


def test_many_changes_beside_many_frames_never_mix_taps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sampler gets nothing but its own tensor's features."""
    monkeypatch.setattr("evosplit.edge.background.time_budget.TimeBudget.is_spent", False)

    class Reader:
        def of(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
            return np.asarray(tensor, np.float32).reshape(-1)

    collector, samplers = SampleCollector(HookFailures(), Reader()), {"early": Kept(), "late": Kept()}
    collector.sample_from(Sampling(("early",), samplers["early"]))
    run, stop = HeadRun(TENSORS, HeadTrace(())), threading.Event()

    def change() -> None:
        while not stop.is_set():
            for name, sampler in samplers.items():
                collector.sample_from(Sampling((name,), sampler))

    changing = threading.Thread(target=change)
    changing.start()
    for _ in range(3000):
        collector.learn(head(), run, "gate", "3", {})
    stop.set()
    changing.join(10)
    for name, sampler in samplers.items():
        assert {tuple(sample.features) for sample in sampler.samples} <= {tuple(TENSORS[name][0])}
    assert sum(len(sampler.samples) for sampler in samplers.values()) == 3000
