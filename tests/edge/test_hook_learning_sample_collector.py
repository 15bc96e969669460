"""What is sampled changes as one value: features of old taps never reach a new sampler."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hook_doubles import Told
from numpy.typing import NDArray

from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.head.trace import HeadTrace
from evosplit.edge.hook_learning.examples import Example
from evosplit.edge.hook_learning.sample_collector import SampleCollector, Sampling
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.pipeline.job import Answer

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


def example(key: str | None = "3", changed_by: tuple[Any, ...] = ()) -> Example:
    run = HeadRun(TENSORS, HeadTrace(()), changed_by=changed_by)
    head = Head((), ("x",), (), (), (), tuple(TENSORS), ())
    return Example("gate", Answer({}, "cloud", None, "3", 0, head=head, run=run), head, run, key)


def test_features_of_the_old_taps_go_to_the_old_sampler() -> None:
    reader, old, new = Interrupted(), Kept(), Kept()
    collector = SampleCollector(reader)
    collector.sample_from(Sampling(("early",), old))
    computing = threading.Thread(target=collector.observe, args=(example(),))
    computing.start()
    assert reader.reading.wait(10)
    collector.sample_from(Sampling(("early", "late"), new))  # the plan changes while features are computed
    reader.changed.set()
    computing.join(10)
    assert [sample.features.tolist() for sample in old.samples] == [[1.0] * 4]
    assert new.samples == []
    collector.observe(example())
    assert [sample.features.tolist() for sample in new.samples] == [[1.0] * 4 + [2.0] * 4]
    assert len(old.samples) == 1


class Reader:
    def of(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(tensor, np.float32).reshape(-1)


def test_what_is_not_sampled() -> None:
    """Answers without a name, other heads' tensors, and frames whose tensors a skip has changed."""
    kept, collector = Kept(), SampleCollector(Reader())
    assert not collector.wants(example())
    collector.sample_from(Sampling(("early", "inner"), kept))
    assert not collector.wants(example())
    collector.sample_from(Sampling(("early",), kept))
    assert not collector.wants(example(None))
    assert collector.wants(example())
    collector.observe(example(None))
    collector.observe(example(changed_by=(Told("early", kind="skip"),)))
    assert kept.samples == []
    collector.observe(example(changed_by=(Told("early", kind="bits"),)))
    assert len(kept.samples) == 1


def test_many_changes_beside_many_frames_never_mix_taps() -> None:
    """Each sampler gets nothing but its own tensor's features."""
    collector, samplers = SampleCollector(Reader()), {"early": Kept(), "late": Kept()}
    collector.sample_from(Sampling(("early",), samplers["early"]))
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for name, sampler in samplers.items():
                collector.sample_from(Sampling((name,), sampler))

    changing = threading.Thread(target=change)
    changing.start()
    for _ in range(3000):
        collector.observe(example())
    stop.set()
    changing.join(10)
    for name, sampler in samplers.items():
        assert {tuple(sample.features) for sample in sampler.samples} <= {tuple(TENSORS[name][0])}
    assert sum(len(sampler.samples) for sampler in samplers.values()) == 3000
