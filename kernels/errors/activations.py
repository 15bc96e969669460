"""Activation errors and wire bytes over calibration inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evosplit.kernels.clipping import Clip
from evosplit.kernels.errors.coded_sizes import CodedSize, coded_sizes, with_sizes
from evosplit.kernels.errors.error_table import ActivationErrors
from evosplit.kernels.errors.non_finite import check_outputs
from evosplit.kernels.errors.stretched_network import Network
from evosplit.kernels.errors.tensor_statistics import (
    Observed,
    Ranges,
    Watch,
    observed,
    payload_bytes,
    relative,
    wire_codes,
)
from evosplit.kernels.errors.tensor_walk import walks
from evosplit.shared.graph import Graph
from evosplit.shared.graph.value_moves import passed_on
from evosplit.shared.plan import FLOAT_BITS, TensorCode

_ENCODED_INPUTS: Final = 4
"""Inputs that are really encoded, to learn the bytes on the wire."""

Values = Mapping[str, np.ndarray]
Measured = tuple[dict[str, ActivationErrors], dict[str, float]]


@dataclass(frozen=True)
class _Encoded:
    """One tensor of one input: its bytes by bits, and what it is entropy coded, by step."""

    payload: dict[int, int]
    coded: tuple[CodedSize | None, ...]


def measure_activations(
    network: Network,
    calibration: Sequence[Values],
    progress: Callable[[], None],
    clip: Clip,
    pool: Executor,
) -> Measured:
    """Relative MSE of every float tensor, mean payload bytes of every other one; inputs of the model too.

    A tensor that is not finite on some input counts among the others: it stays float. First pass: ranges and
    samples of all inputs. Second: bytes, now that the clip ranges are known. Inputs, then tensors, are dealt
    to the threads of ``pool``; what is found does not depend on their number. Calls ``progress`` once per
    run: `activation_runs` times. Raises InputError where outputs of the network are not finite.
    """
    walk = walks(network)
    watches = _watched(network.graph, calibration, walk, progress, clip, pool)
    check_outputs(
        network.graph,
        {name: watch.first_not_finite for name, watch in watches.items()},
        {name for name, watch in watches.items() if watch.has_nan},
    )
    finite = {name: watch for name, watch in watches.items() if watch.first_not_finite is None}
    ranges = dict(zip(finite, pool.map(Watch.ranges, finite.values()), strict=True))
    codes = {name: wire_codes(clip_ranges) for name, clip_ranges in ranges.items()}
    steps = dict(zip(finite, pool.map(Watch.steps, finite.values()), strict=True))

    def encoded(feeds: Values) -> dict[str, _Encoded]:
        made = (pair for values in walk(feeds) for pair in values.items())
        return {
            name: _Encoded(
                payload_bytes(name, array, codes.get(name, {})), coded_sizes(name, array, steps.get(name, ()))
            )
            for name, array in made
        }

    sizes: dict[str, list[_Encoded]] = {}
    for by_name in pool.map(encoded, calibration[:_ENCODED_INPUTS]):
        for name, size in by_name.items():
            sizes.setdefault(name, []).append(size)
        progress()
    means = {name: _means([size.payload for size in of_inputs]) for name, of_inputs in sizes.items()}

    def measured(name: str) -> ActivationErrors:
        power = float(np.var(finite[name].values(), dtype=np.float64))
        coded = with_sizes(steps[name], [size.coded for size in sizes[name]], power)
        return replace(_errors(finite[name], ranges[name], codes[name], means[name]), coded=coded)

    errors = dict(zip(finite, pool.map(measured, finite), strict=True))
    plain_bytes = {name: means[name][FLOAT_BITS] for name in means if name not in finite}
    return with_shared_ranges(network.graph, errors), plain_bytes


def activation_runs(inputs: int) -> int:
    """How many runs `measure_activations` makes."""
    return inputs + min(inputs, _ENCODED_INPUTS)


def _watched(
    graph: Graph,
    calibration: Sequence[Values],
    walk: Callable[[Values], Iterator[Values]],
    progress: Callable[[], None],
    clip: Clip,
    pool: Executor,
) -> dict[str, Watch]:
    """Every float tensor as all inputs show it."""
    names = (*graph.inputs, *(name for layer in graph.layers for name in layer.outputs))
    watches = {name: Watch(clip) for name in names if graph.tensors[name].is_float}

    def seen(feeds: Values) -> dict[str, Observed]:
        made = (pair for values in walk(feeds) for pair in values.items())
        return {name: observed(array, len(calibration)) for name, array in made if name in watches}

    for observations in pool.map(seen, calibration):
        for name, observation in observations.items():
            watches[name].add(observation)
        progress()
    return watches


def _errors(
    watch: Watch, ranges: Ranges, codes: Mapping[int, TensorCode], wire_bytes: dict[int, float]
) -> ActivationErrors:
    mse = watch.mean_squared_errors(codes)
    low = {bits: code.low for bits, code in codes.items() if code.low is not None}
    high = {bits: code.high for bits, code in codes.items() if code.high is not None}
    noise = relative(mse, watch.values())
    return ActivationErrors(noise, noise, mse, low, high, wire_bytes, ranges)


def _means(sizes: Sequence[Mapping[int, int]]) -> dict[int, float]:
    return {bits: sum(size[bits] for size in sizes) / len(sizes) for bits in sizes[0]}


def with_shared_ranges(graph: Graph, errors: Mapping[str, ActivationErrors]) -> dict[str, ActivationErrors]:
    """The errors, with the ranges of such a layer's input given to its outputs.

    Values that are rounded already then stay as they are. The errors themselves are left as measured.
    """
    sources = {name: source for name, source in passed_on(graph).items() if {name, source} <= errors.keys()}
    moved = {name: replace(errors[name], ranges=errors[source].ranges) for name, source in sources.items()}
    return {**errors, **moved}
