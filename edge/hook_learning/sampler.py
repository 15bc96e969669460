"""Sampler of the network's answers, in a hard number of bytes. It stands in the serving path."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from random import Random

import numpy as np

from evosplit.edge.hook_learning.pool_file import read_pools, write_pools
from evosplit.edge.hook_learning.sample_pools import SamplePools
from evosplit.edge.hook_training.sample_layout import LEAST_PLACES, MAX_ANSWER, Layout, fits, layout_of
from evosplit.edge.hook_training.samples import Sample, Samples
from evosplit.edge.hooks.exit import OTHER
from evosplit.shared.errors import LearningError

_log = logging.getLogger(__name__)


class Sampler:
    """A reservoir of samples that never takes more than ``limit_bytes``, its own overhead included.

    Any thread may offer; an offer takes microseconds and never waits: while another thread reads, it is let
    go. The first sample fixes shapes and dtypes; others are refused. The same offers with the same seed keep
    the same samples.
    """

    def __init__(self, limit_bytes: int, seed: int = 0) -> None:
        self.limit_bytes = limit_bytes
        self._seed = seed
        self._lock = threading.Lock()
        self._pools: SamplePools | None = None
        self._too_small = False
        self._empty()

    def offer(self, sample: Sample) -> bool:
        """Whether the sample is kept (for now)."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._offer(sample)
        finally:
            self._lock.release()

    @property
    def offered(self) -> int:
        """How many samples were offered and fitted, since the start or the last `forget`."""
        return self._offered

    @property
    def size_bytes(self) -> int:
        """What is allocated, with the most that the names and lists can take; at most ``limit_bytes``."""
        return 0 if self._pools is None else self._pools.size_bytes

    def samples(self) -> Samples:
        """A copy of what is kept."""
        with self._lock:
            return _empty_samples() if self._pools is None else self._pools.samples()

    def save(self, path: Path) -> bool:
        """Write what is kept to a file, without a copy in memory. False: nothing is. Raises LearningError."""
        with self._lock:
            if self._pools is not None:
                write_pools(path, self._pools, self._offered)
        return self._pools is not None

    def restore(self, path: Path) -> None:
        """Go on from a saved file. Raises LearningError, and stays as it is, for any other file."""
        pools, offered = read_pools(path, self.limit_bytes)
        with self._lock:
            self._pools, self._offered = pools, offered
            self._random.seed(f"{self._seed} {offered}")

    def forget(self) -> None:
        """Start anew: what was kept no longer holds (the scene changed, or the model)."""
        with self._lock:
            self._empty()

    def _empty(self) -> None:
        self._pools = None
        self._offered = 0
        self._random = Random(self._seed)  # noqa: S311 - which samples stay is no secret

    def _offer(self, sample: Sample) -> bool:
        if len(sample.answer) > MAX_ANSWER or not np.isfinite(sample.features).all():
            return False
        if any(values.dtype.hasobject for values in sample.outputs.values()):
            return False  # strings have no place of a fixed size
        if self._pools is None and not self._too_small:
            self._pools = self._allocated(layout_of(sample))
        if self._pools is None or not fits(self._pools.layout, sample):
            return False
        self._offered += 1
        return self._pools.offer(sample, self._random)

    def _allocated(self, layout: Layout) -> SamplePools | None:
        if layout.capacity(self.limit_bytes) >= LEAST_PLACES:
            return SamplePools(layout, self.limit_bytes)
        _log.warning("%d bytes hold no samples of %d bytes", self.limit_bytes, layout.sample_bytes)
        self._too_small = True
        return None


def _empty_samples() -> Samples:
    none = np.zeros(0, np.int64)
    return Samples(np.zeros((0, 0), np.float32), none, (OTHER,), {}, none.astype(np.bool_), none)


def open_sampler(path: Path, limit_bytes: int, seed: int = 0) -> Sampler:
    """A sampler that goes on from a file; from nothing, and one line in the log, where it is broken."""
    sampler = Sampler(limit_bytes, seed)
    if path.exists():
        try:
            sampler.restore(path)
        except LearningError as broken:
            _log.warning("samples start anew: %s", broken)
    return sampler
