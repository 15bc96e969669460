"""Dense fallback: ONNX Runtime, for streams that change so much that masked execution is slower."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from evosplit.edge.backends.change_rules import dense_is_faster
from evosplit.edge.backends.masked.stream_cache import Stream
from evosplit.edge.backends.segment import Tensors
from evosplit.shared.session import Runner

_RUNS: Final = 3


class DenseFallback:
    """Runs the same model in ONNX Runtime. ``dense_s`` is what that costs; None: measured when first needed.

    A dense run cannot refresh what the masked layers keep (it does not make their outputs, and rounds
    otherwise), so a stream that comes back begins anew.
    """

    def __init__(
        self, model: onnx.ModelProto, threads: int, frames: int, dense_s: float | None = None
    ) -> None:
        self._runner, self._frames = Runner(model, threads), frames
        self._dense_s = dense_s

    def run(self, stream: Stream, tensors: Tensors) -> None:
        """One dense frame of a stream, into its outputs."""
        stream.take_dense()
        for name, values in self._made(tensors).items():
            np.copyto(stream.memory.outputs[name], values)

    def record(self, stream: Stream, seconds: float, tensors: Tensors) -> None:
        """Note what a changed frame cost, and switch the stream to dense frames where those are faster."""
        stream.seconds.append(seconds)
        if len(stream.seconds) == stream.seconds.maxlen and dense_is_faster(
            stream.seconds, self._dense_cost_s(tensors)
        ):
            stream.turn_dense(self._frames)

    def _dense_cost_s(self, tensors: Tensors) -> float:
        if self._dense_s is None:
            self._dense_s = min(_seconds(lambda: self._made(tensors)) for _ in range(_RUNS))
        return self._dense_s

    def _made(self, tensors: Tensors) -> dict[str, NDArray[Any]]:
        return self._runner.run({name: tensors[name] for name in self._runner.input_names})


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
