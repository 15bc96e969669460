"""Segments that take as long as they are told, on a clock that only they advance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from evosplit.edge.backends.segment import FrameContext


class ManualClock:
    """Seconds that pass only when somebody says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class TimedSegment:
    """Takes ``seconds`` of the clock and makes nothing."""

    density = 1.0
    reads: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()

    def __init__(self, backend: str, clock: ManualClock, seconds: float) -> None:
        self.backend, self.seconds = backend, seconds
        self.forgot: list[str] = []
        self._clock = clock

    def run(self, tensors: Mapping[str, NDArray[Any]], frame: FrameContext) -> dict[str, NDArray[Any]]:
        self._clock.now_s += self.seconds
        return {}

    def forget(self, stream: str) -> None:
        self.forgot.append(stream)
