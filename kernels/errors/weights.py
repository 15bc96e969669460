"""Weight errors: affine codes over the range of each output channel or of the tensor."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from typing import Final

import numpy as np

from evosplit.kernels.errors.error_table import WeightErrors
from evosplit.kernels.errors.stretched_network import Network
from evosplit.kernels.weights import fake_quantise_weights

WEIGHT_BITS: Final = (2, 3, 4, 5, 6, 8, 16)
_SAMPLES: Final = 4_000_000
"""Elements of a tensor of weights that errors are taken over."""


def measure_weights(network: Network, pool: Executor, axis: int | None = 0) -> dict[str, WeightErrors]:
    """Errors (relative) per layer with weights to quantise: ||w - Q(w)||^2 / ||w||^2, added up.

    ``axis`` 0: a scale per output channel, measured on evenly spread channels of large tensors; None: one
    per tensor. Layers are dealt to the threads of ``pool``. A layer with infinite weights, which have no
    codes, is left out: it stays float.
    """
    arrays = {layer: [network.weights[name] for name in names] for layer, names in network.packed.items()}

    def measured(tensors: list[np.ndarray]) -> WeightErrors | None:
        return (
            _layer_errors([_some_channels(array, axis) for array in tensors], axis)
            if _finite(tensors)
            else None
        )

    errors = zip(arrays, pool.map(measured, arrays.values()), strict=True)
    return {layer: layer_errors for layer, layer_errors in errors if layer_errors is not None}


def _some_channels(array: np.ndarray, axis: int | None) -> np.ndarray:
    """All of a tensor, or where every channel has a scale of its own as many as make up the samples."""
    step = math.ceil(array.size / _SAMPLES) if axis == 0 else 1
    return array[::step] if step < len(array) else array


def _finite(arrays: list[np.ndarray]) -> bool:
    with np.errstate(over="ignore"):  # codes are of float32
        return all(bool(np.isfinite(array.astype(np.float32, copy=False)).all()) for array in arrays)


def _layer_errors(arrays: list[np.ndarray], axis: int | None) -> WeightErrors:
    by_bits = {bits: [_mse(array, bits, axis) for array in arrays] for bits in WEIGHT_BITS}
    power = [float(np.mean(np.square(array, dtype=np.float64))) for array in arrays]
    relative = {
        bits: sum(e / p for e, p in zip(errors, power, strict=True) if p) for bits, errors in by_bits.items()
    }
    return WeightErrors(relative, relative, {bits: sum(errors) for bits, errors in by_bits.items()})


def _mse(array: np.ndarray, bits: int, axis: int | None) -> float:
    noise = np.subtract(fake_quantise_weights(array, bits, axis), array, dtype=np.float64)
    return float(np.mean(np.square(noise)))
