"""Runner of batches: samples stacked along a free batch dimension, run at measured sizes, and taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from evosplit.cloud.batching.batch_sizes import ALONE, UNMEASURED, BatchTimes, measure_times
from evosplit.cloud.batching.free_batch import free_batch
from evosplit.shared.errors import InputError, ModelError
from evosplit.shared.session import Runner, random_feeds

Arrays = Mapping[str, NDArray[Any]]
TOLERANCE: Final = 1e-4
"""By how much of an output's largest magnitude an answer may differ in a batch; tried before batches are."""


class BatchRunner:
    """Runs a tail for one sample or several; safe to call from several threads.

    ``times`` are `ALONE` where the network does not allow batches, or answers differ in one.
    """

    def __init__(self, runner: Runner, times: BatchTimes = ALONE) -> None:
        self.runner = runner
        self.times = times
        self.input_names = runner.input_names

    def run(self, samples: Sequence[Arrays]) -> list[dict[str, NDArray[Any]]]:
        """Outputs by name of every sample, each with a batch of 1. Raises InputError."""
        outputs: list[dict[str, NDArray[Any]]] = []
        for size in self.times.cut(len(samples)):
            batch = samples[len(outputs) : len(outputs) + size]
            outputs += self._run_batch(batch, size)
        return outputs

    def measured(self, model: onnx.ModelProto) -> BatchRunner:
        """The same at those sizes that pay, measured on random inputs of ``model``; it has run then."""
        feeds = random_feeds(model)
        if self.times == ALONE:
            self.run([feeds])
            return self
        return BatchRunner(self.runner, measure_times(lambda size: self._run_batch([feeds] * size, size)))

    def _run_batch(self, batch: Sequence[Arrays], size: int) -> list[dict[str, NDArray[Any]]]:
        if size == 1:
            return [self.runner.run(batch[0])]
        made = self.runner.run(_stacked(batch, size))
        return [_sample(made, index) for index in range(len(batch))]


def _sample(made: Arrays, index: int) -> dict[str, NDArray[Any]]:
    return {name: array[index : index + 1] for name, array in made.items()}


def _stacked(batch: Sequence[Arrays], size: int) -> dict[str, NDArray[Any]]:
    """One array of each input; the last sample fills what is left."""
    padded = [*batch, *[batch[-1]] * (size - len(batch))]
    return {name: np.concatenate([sample[name] for sample in padded]) for name in batch[0]}


def open_batches(model: onnx.ModelProto, open_runner: Callable[[onnx.ModelProto], Runner]) -> BatchRunner:
    """A runner of batches where the model allows them, else of single samples; not measured.

    Raises what ``open_runner`` raises, ModelError, when the runtime does not take the model.
    """
    freed = free_batch(model)
    if freed is None:
        return BatchRunner(open_runner(model))
    try:
        runner = BatchRunner(open_runner(freed), UNMEASURED)
        if _keeps_answers(runner, model):
            return runner
    except (ModelError, InputError):
        pass  # it runs without a batch, or says below why it does not run at all
    return BatchRunner(open_runner(model))


def _keeps_answers(runner: BatchRunner, model: onnx.ModelProto) -> bool:
    """Whether two samples have the same answers alone and together."""
    samples = [random_feeds(model, seed) for seed in range(2)]
    alone = [runner.run([sample])[0] for sample in samples]
    pairs = zip(alone, runner.run(samples), strict=True)
    return all(_agree(apart[name], together[name]) for apart, together in pairs for name in apart)


def _agree(apart: NDArray[Any], together: NDArray[Any]) -> bool:
    if apart.shape != together.shape:
        return False
    if apart.dtype.kind != "f":
        return bool(np.array_equal(apart, together))
    scale = float(np.max(np.abs(apart), initial=0.0))
    return bool(np.allclose(apart, together, rtol=0.0, atol=TOLERANCE * scale, equal_nan=True))
