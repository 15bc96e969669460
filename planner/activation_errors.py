"""The errors of quantised activations, and their bytes on the wire, over calibration inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import onnx

from planner.error_types import ActivationErrors
from planner.watch import Watch, mean_squared_errors, payload_bytes, relative
from shared.graph import Graph
from shared.plan import FLOAT_BITS, TensorCode
from shared.remodel import remodel
from shared.session import Runner

_PART_BYTES: Final = 64_000_000
"""Float outputs of one run; a network with more runs once per part."""
_ENCODED_INPUTS: Final = 4
"""Inputs that are really encoded, to learn the bytes on the wire."""

Feeds = Mapping[str, np.ndarray]
Progress = Callable[[int, int], None]
Measured = tuple[dict[str, ActivationErrors], dict[str, float]]


def measure_activations(
    graph: Graph, calibration: Sequence[Feeds], progress: Progress | None, threads: int
) -> Measured:
    """Errors of every float tensor, and mean payload bytes of every other one, inputs included."""
    errors: dict[str, ActivationErrors] = {}
    plain_bytes: dict[str, float] = {}
    parts = _parts(graph)
    for index, names in enumerate(parts):
        runner = Runner(tapped_model(graph, names), threads)
        runs = _Runs(runner, calibration, progress, index, len(parts))
        found, plain = _measure_part(graph, names, runs)
        errors |= found
        plain_bytes |= plain
    return errors, plain_bytes


def tapped_model(graph: Graph, names: Iterable[str]) -> onnx.ModelProto:
    """The whole model with the named layer outputs as its outputs."""
    whole = graph.model.graph
    values = {value.name: value for value in (*whole.input, *whole.value_info, *whole.output)}
    return remodel(graph.model, outputs=[values[name] for name in names if name not in graph.inputs])


def _measure_part(graph: Graph, names: Sequence[str], runs: _Runs) -> Measured:
    """First pass: ranges and samples of all inputs. Second: bytes, now that the clip ranges are known."""
    watches = {name: Watch(name, runs.inputs) for name in names if graph.tensors[name].is_float}
    for values in runs.all():
        for name, watch in watches.items():
            watch.observe(values[name])
    codes = {name: watch.codes() for name, watch in watches.items()}
    sizes: dict[str, list[dict[int, int]]] = {name: [] for name in names}
    for values in runs.some():
        for name in names:
            sizes[name].append(payload_bytes(name, values[name], codes.get(name, {})))
    means = {name: _means(found) for name, found in sizes.items()}
    errors = {name: _errors(watch, codes[name], means[name]) for name, watch in watches.items()}
    return errors, {name: means[name][FLOAT_BITS] for name in names if name not in watches}


def _errors(watch: Watch, codes: Mapping[int, TensorCode], wire_bytes: dict[int, float]) -> ActivationErrors:
    values = watch.values()
    mse = mean_squared_errors(values, codes)
    low = {bits: code.low for bits, code in codes.items() if code.low is not None}
    high = {bits: code.high for bits, code in codes.items() if code.high is not None}
    return ActivationErrors(relative(mse, values), mse, low, high, wire_bytes)


def _means(sizes: Sequence[Mapping[int, int]]) -> dict[int, float]:
    return {bits: sum(size[bits] for size in sizes) / len(sizes) for bits in sizes[0]}


def _parts(graph: Graph) -> list[list[str]]:
    """Inputs and layer outputs, in groups of bounded size."""
    parts: list[list[str]] = [[]]
    held = 0
    for name in (*graph.inputs, *(name for layer in graph.layers for name in layer.outputs)):
        size = graph.tensors[name].size_bytes
        if parts[-1] and held + size > _PART_BYTES:
            parts.append([])
            held = 0
        parts[-1].append(name)
        held += size
    return parts


class _Runs:
    """Runs the calibration inputs through one part, counting all runs of all parts."""

    def __init__(
        self, runner: Runner, calibration: Sequence[Feeds], progress: Progress | None, part: int, parts: int
    ) -> None:
        self._runner, self._calibration, self._progress = runner, calibration, progress
        self.inputs = len(calibration)
        per_part = self.inputs + min(self.inputs, _ENCODED_INPUTS)
        self._done, self._total = part * per_part, parts * per_part

    def all(self) -> Iterator[Feeds]:
        """Values of every tensor of the part, input by input."""
        return self._run(self._calibration)

    def some(self) -> Iterator[Feeds]:
        """The same for the inputs that are encoded."""
        return self._run(self._calibration[:_ENCODED_INPUTS])

    def _run(self, inputs: Sequence[Feeds]) -> Iterator[Feeds]:
        for feeds in inputs:
            yield {**feeds, **self._runner.run(feeds)}
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._total)
