"""Sensitivity of a network's outputs to a tensor's channels: mean J'J over inputs, by finite differences.

A change of random sign at every place, the same in each channel by turns, moves the outputs by r_c. The mean
of r_c r_d over signs is the sum over places of the outputs' derivatives by both channels there: what noise
that is independent from place to place, and alike in channels c and d, does to the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from evosplit.kernels.errors.calibration_inputs import spread
from evosplit.kernels.errors.probe_budget import works
from evosplit.kernels.restoration.neighbourhoods import Floats64
from evosplit.planner.restoration.feature_pairs import FeaturePairs
from evosplit.planner.restoration.held_out import Values
from evosplit.shared.graph import Graph

_CHANGE: Final = 0.1
"""In standard deviations of the tensor: about what a coarse quantiser does."""
_MAC_BUDGET: Final = 200e9
_MOST_INPUTS: Final = 16
_LEAST_INPUTS: Final = 2


def channel_sensitivity(graph: Graph, pairs: FeaturePairs) -> Floats64:
    """Mean J'J ``(C, C)``; every float output counts by its own variance."""
    values = pairs.fitted
    channels, rng = values[0].shape[1], np.random.default_rng(0)
    affordable = int(_MAC_BUDGET / (channels * max(sum(works(graph)), 1.0)))
    picked = spread(len(values), max(_LEAST_INPUTS, min(_MOST_INPUTS, affordable)))
    change = np.float32(_CHANGE * (float(np.std(np.stack(values))) or 1.0))
    right = [pairs.held.outputs(pairs.crossing[index]) for index in picked]
    scales = _scales(right)
    total = np.zeros((channels, channels))
    for index, exact in zip(picked, right, strict=True):
        signs = change * rng.choice(np.array([-1, 1], np.float32), size=values[index].shape[2:])
        moved = [_moved(pairs, index, channel, signs) for channel in range(channels)]
        responses = np.stack([_difference(exact, outputs, scales) for outputs in moved])
        total += responses @ responses.T
    return total


def _moved(pairs: FeaturePairs, index: int, channel: int, signs: np.ndarray) -> Values:
    changed = pairs.fitted_at(index).copy()
    changed[0, channel] += signs
    return pairs.held.outputs({**pairs.crossing[index], pairs.tensor: changed})


def _scales(right: Sequence[Values]) -> dict[str, float]:
    """One over the standard deviation of each float output that varies, and over the root of its size."""
    floats = [name for name, array in right[0].items() if array.dtype.kind == "f"]
    powers = {name: sum(float(np.var(outputs[name])) for outputs in right) for name in floats}
    sizes = {name: right[0][name].size for name in floats}
    return {name: 1 / np.sqrt(power * sizes[name]) for name, power in powers.items() if power > 0}


def _difference(exact: Values, moved: Values, scales: dict[str, float]) -> Floats64:
    """All outputs in one row, (outputs,); not finite ones tell nothing."""
    parts = [
        (moved[name].astype(np.float64) - exact[name]).reshape(-1) * scale for name, scale in scales.items()
    ]
    return np.nan_to_num(np.concatenate(parts or [np.zeros(1)]), posinf=0.0, neginf=0.0)
