"""Calibration inputs: a handful of real feeds that show what values a network's tensors take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph

DEFAULT_INPUTS: Final = 16

Feeds = dict[str, np.ndarray]


def calibration_from_arrays(
    graph: Graph, arrays: Mapping[str, np.ndarray], count: int = DEFAULT_INPUTS
) -> tuple[Feeds, ...]:
    """At most ``count`` feeds from arrays by input name whose first axis counts samples, evenly spread.

    A sample has the input's shape, with or without its batch of one. Raises InputError where names, shapes
    or the numbers of samples do not fit, or a value is NaN.
    """
    lengths = {len(array) for array in arrays.values() if array.ndim}
    if set(arrays) != set(graph.inputs) or len(lengths) != 1:
        raise InputError(f"calibration arrays must be of equal length and named {', '.join(graph.inputs)}")
    (length,) = lengths
    feeds = tuple(
        {name: _sample(graph, name, array[index]) for name, array in arrays.items()}
        for index in spread(length, count)
    )
    check_calibration(graph, feeds)
    return feeds


def spread(length: int, count: int) -> list[int]:
    """At most ``count`` of the indices below ``length``, evenly spread, each once."""
    picked = np.linspace(0, max(length - 1, 0), min(count, length)).astype(int)
    return [int(index) for index in np.unique(picked)]


def random_calibration(
    graph: Graph, low: float = 0.0, high: float = 1.0, count: int = DEFAULT_INPUTS, seed: int = 0
) -> tuple[Feeds, ...]:
    """Seeded uniform values in [low, high) where there is nothing real; integer inputs are zero."""
    rng = np.random.default_rng(seed)
    return tuple({name: _random(graph, name, rng, low, high) for name in graph.inputs} for _ in range(count))


def check_calibration(graph: Graph, calibration: Sequence[Mapping[str, np.ndarray]]) -> None:
    """Raise InputError unless there is at least one input, and all have the model's names, no NaN in them.

    Infinity is a value: that of an attention mask. What it leads to is checked at the outputs.
    """
    if not calibration:
        raise InputError("there are no calibration inputs")
    for index, feeds in enumerate(calibration):
        for name in graph.inputs:
            if name not in feeds:
                raise InputError(f"calibration input {index} lacks {name!r}")
            if feeds[name].dtype.kind == "f" and np.isnan(feeds[name]).any():
                raise InputError(f"calibration input {index} has NaN in {name!r}")


def _sample(graph: Graph, name: str, array: np.ndarray) -> np.ndarray:
    tensor = graph.tensors[name]
    if array.shape not in (tensor.shape, tensor.shape[1:]):
        raise InputError(f"calibration samples of {name!r} have shape {array.shape}, not {tensor.shape}")
    return np.ascontiguousarray(array.reshape(tensor.shape), tensor.dtype)


def _random(graph: Graph, name: str, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    tensor = graph.tensors[name]
    if not tensor.is_float:
        return np.zeros(tensor.shape, tensor.dtype)
    return rng.uniform(low, high, tensor.shape).astype(tensor.dtype)
