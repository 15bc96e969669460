"""The errors of quantised activations, and their bytes on the wire, over calibration inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from kernels.clipping import Clip
from kernels.errors.ranges import with_shared_ranges
from kernels.errors.tap import layer_tensors, tapped_model
from kernels.errors.types import ActivationErrors
from kernels.errors.watch import Watch, payload_bytes, relative
from shared.graph import Graph
from shared.plan import FLOAT_BITS, TensorCode
from shared.session import Runner

_PART_BYTES: Final = 64_000_000
"""Float outputs of one run; a network with more runs once per part."""
_ENCODED_INPUTS: Final = 4
"""Inputs that are really encoded, to learn the bytes on the wire."""

Values = Mapping[str, np.ndarray]
Measured = tuple[dict[str, ActivationErrors], dict[str, float]]


def measure_activations(
    graph: Graph, calibration: Sequence[Values], progress: Callable[[], None], threads: int, clip: Clip
) -> Measured:
    """Relative MSE of every float tensor, mean payload bytes of every other one; inputs of the model too.

    Calls ``progress`` once per run: `activation_runs` times.
    """
    errors: dict[str, ActivationErrors] = {}
    plain_bytes: dict[str, float] = {}
    for names in _parts(graph):
        made = [name for name in names if name not in graph.inputs]
        runner = Runner(tapped_model(graph, made), threads)
        found, plain = _measure_part(graph, names, runner, calibration, progress, clip)
        errors |= found
        plain_bytes |= plain
    return with_shared_ranges(graph, errors), plain_bytes


def activation_runs(graph: Graph, inputs: int) -> int:
    """How many runs `measure_activations` makes."""
    return len(_parts(graph)) * (inputs + min(inputs, _ENCODED_INPUTS))


def _measure_part(
    graph: Graph,
    names: Sequence[str],
    runner: Runner,
    calibration: Sequence[Values],
    progress: Callable[[], None],
    clip: Clip,
) -> Measured:
    """First pass: ranges and samples of all inputs. Second: bytes, now that the clip ranges are known."""
    watches = {name: Watch(name, len(calibration), clip) for name in names if graph.tensors[name].is_float}
    for values in _runs(runner, calibration, progress):
        for name, watch in watches.items():
            watch.observe(values[name])
    codes = {name: watch.codes() for name, watch in watches.items()}
    sizes: dict[str, list[dict[int, int]]] = {name: [] for name in names}
    for values in _runs(runner, calibration[:_ENCODED_INPUTS], progress):
        for name in names:
            sizes[name].append(payload_bytes(name, values[name], codes.get(name, {})))
    means = {name: _means(found) for name, found in sizes.items()}
    errors = {name: _errors(watch, codes[name], means[name]) for name, watch in watches.items()}
    return errors, {name: means[name][FLOAT_BITS] for name in names if name not in watches}


def _runs(runner: Runner, inputs: Sequence[Values], progress: Callable[[], None]) -> Iterator[Values]:
    """Values of every tensor of a part, input by input."""
    for feeds in inputs:
        yield {**feeds, **runner.run(feeds)}
        progress()


def _errors(watch: Watch, codes: Mapping[int, TensorCode], wire_bytes: dict[int, float]) -> ActivationErrors:
    mse = watch.mean_squared_errors(codes)
    low = {bits: code.low for bits, code in codes.items() if code.low is not None}
    high = {bits: code.high for bits, code in codes.items() if code.high is not None}
    noise = relative(mse, watch.values())
    return ActivationErrors(noise, noise, mse, low, high, wire_bytes, watch.ranges())


def _means(sizes: Sequence[Mapping[int, int]]) -> dict[int, float]:
    return {bits: sum(size[bits] for size in sizes) / len(sizes) for bits in sizes[0]}


def _parts(graph: Graph) -> list[list[str]]:
    """Inputs and layer outputs, in groups of bounded size."""
    parts: list[list[str]] = [[]]
    held = 0
    for name in (*graph.inputs, *layer_tensors(graph)):
        size = graph.tensors[name].size_bytes
        if parts[-1] and held + size > _PART_BYTES:
            parts.append([])
            held = 0
        parts[-1].append(name)
        held += size
    return parts
