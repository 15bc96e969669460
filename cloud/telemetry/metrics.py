"""Prometheus metrics of a replica: outcomes, seconds by step and batch size, for each model and cut."""

from __future__ import annotations

import bisect
import dataclasses
import functools
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from evosplit.cloud.batching.batch_sizes import SIZES
from evosplit.cloud.telemetry.label_limit import LabelLimit
from evosplit.shared.errors import EvoSplitError

LARGEST_LABEL_SETS: Final = 128
"""Pairs of model and cut that have series of their own."""
_BUCKETS_S: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class StepTimes:
    """Seconds of one request in each step: for its turn, decoded, run, its answer encoded."""

    queue_s: float
    decode_s: float
    tail_s: float
    encode_s: float


class ReplicaMetrics:
    """One registry per replica, whose every sample says by the label ``replica`` which it is.

    A scrape through the front end meets any of them, so that counters of two must not be taken for one.
    Safe to call from several threads.
    """

    def __init__(self, limit: int = LARGEST_LABEL_SETS, version: str = "") -> None:
        self._registry = CollectorRegistry()
        self._pairs = LabelLimit(limit)
        ProcessCollector(registry=self._registry)
        Info("evosplit_cloud", "What runs here.", registry=self._registry).info({"version": version})
        self._requests = self._counter(
            "requests", "Inference requests by how they ended: answered, or the error.", "model", "outcome"
        )
        self._inputs = self._counter(
            "inputs", "Inputs that were run, by what they came as.", "model", "cut", "kind"
        )
        self._shed = self._counter("requests_shed", "Requests of any kind turned away for load.")
        self._step_s = self._histogram(
            "step_seconds", "Seconds that a request spent in each step.", "model", "cut", "step"
        )
        self._run_s = self._histogram(
            "run_seconds", "Seconds of one run of a tail, by requests in it.", "model", "cut", "batch"
        )

        # Finding what to add to by its labels takes as long as adding; as many are kept as there are series.
        self._outcome = functools.cache(self._requests.labels)
        self._runs = functools.cache(self._run_s.labels)
        self._series = functools.cache(self._make_series)

    @contextmanager
    def request(self, model: str) -> Iterator[None]:
        """Count what the block makes of a request; ``failed`` is a defect, or a client that left."""
        outcome = "failed"
        try:
            yield
            outcome = "answered"
        except EvoSplitError as problem:
            outcome = type(problem).__name__
            raise
        finally:
            self._outcome(model, outcome).inc()

    def shed(self) -> None:
        """Add one request that was turned away before anything of it was read."""
        self._shed.inc()

    def ran(self, model: str, cut: str, count: int, run_s: float) -> None:
        """Add one run of a tail for so many requests."""
        batch = SIZES[min(bisect.bisect_left(SIZES, count), len(SIZES) - 1)]
        self._runs(*self._pairs.pair(model, cut), str(batch)).observe(run_s)

    def answered(self, model: str, cut: str, kind: str, times: StepTimes) -> None:
        """Add one answer, with the seconds of each step."""
        inputs, steps = self._series(*self._pairs.pair(model, cut), kind)
        inputs.inc()
        for name, step_s in vars(times).items():
            steps[name].observe(step_s)

    def _make_series(self, model: str, cut: str, kind: str) -> tuple[Counter, Mapping[str, Histogram]]:
        """What an answer adds to."""
        names = [field.name for field in dataclasses.fields(StepTimes)]
        steps = {name: self._step_s.labels(model, cut, name.removesuffix("_s")) for name in names}
        return self._inputs.labels(model, cut, kind), steps

    def register(self, collector: Collector) -> None:
        """Collect these as well."""
        self._registry.register(collector)

    def text(self) -> bytes:
        """All figures in the text format 0.0.4."""
        return generate_latest(_OfReplica(self._registry))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"evosplit_cloud_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        make = functools.partial(Histogram, registry=self._registry, buckets=_BUCKETS_S)
        return make(f"evosplit_cloud_{name}", text, labels)


class _OfReplica(CollectorRegistry):
    """What another registry has, with a label for this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._of = registry
        self._labels = {"replica": f"{socket.gethostname()}:{os.getpid()}"}

    def collect(self) -> Iterator[Metric]:
        for family in self._of.collect():
            family.samples = [
                each._replace(labels={**each.labels, **self._labels}) for each in family.samples
            ]
            yield family
