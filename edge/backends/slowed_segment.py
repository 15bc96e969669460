"""Segment emulated on a slower unit: it waits in proportion to what it computes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from evosplit.edge.backends.segment import FrameContext, Segment, Tensors


class SlowedSegment:
    """Runs another segment and takes ``factor`` times as long.

    With it a machine plays a device whose integer kernels gain less over float32 than its own. ``clock`` and
    ``wait`` (seconds) may be replaced.
    """

    def __init__(
        self,
        segment: Segment,
        factor: float,
        clock: Callable[[], float] = time.perf_counter,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._segment = segment
        self._extra = factor - 1.0
        self._clock = clock
        self._wait = wait
        self.backend = segment.backend
        self.reads = segment.reads
        self.makes = segment.makes

    @property
    def density(self) -> float:
        """The segment's own."""
        return self._segment.density

    def run(self, tensors: Tensors, frame: FrameContext) -> dict[str, NDArray[Any]]:
        """As the segment, whose errors come out."""
        started_s = self._clock()
        made = self._segment.run(tensors, frame)
        self._wait(self._extra * (self._clock() - started_s))
        return made

    def forget(self, stream: str) -> None:
        """As the segment."""
        self._segment.forget(stream)
