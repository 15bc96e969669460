"""The error of packed weights: affine over the range of each output channel or of the tensor."""

from __future__ import annotations

from typing import Final

import numpy as np

from kernels.errors.network import Network
from kernels.errors.types import WeightErrors
from kernels.weights import fake_quantise_weights

WEIGHT_BITS: Final = (2, 3, 4, 5, 6, 8, 16)


def measure_weights(network: Network, axis: int | None = 0) -> dict[str, WeightErrors]:
    """Errors (relative) per layer with weights to quantise: ||w - Q(w)||^2 / ||w||^2, added up.

    ``axis`` 0: a scale per output channel; None: one per tensor. A layer with infinite weights, which have
    no codes, is left out: it stays float.
    """
    found = {layer: [network.weights[name] for name in names] for layer, names in network.packed.items()}
    return {layer: _layer_errors(arrays, axis) for layer, arrays in found.items() if _finite(arrays)}


def _finite(arrays: list[np.ndarray]) -> bool:
    with np.errstate(over="ignore"):  # codes are of float32
        return all(bool(np.isfinite(array.astype(np.float32, copy=False)).all()) for array in arrays)


def _layer_errors(arrays: list[np.ndarray], axis: int | None) -> WeightErrors:
    found = {bits: [_mse(array, bits, axis) for array in arrays] for bits in WEIGHT_BITS}
    power = [float(np.mean(np.square(array, dtype=np.float64))) for array in arrays]
    relative = {
        bits: sum(e / p for e, p in zip(errors, power, strict=True) if p) for bits, errors in found.items()
    }
    return WeightErrors(relative, relative, {bits: sum(errors) for bits, errors in found.items()})


def _mse(array: np.ndarray, bits: int, axis: int | None) -> float:
    noise = np.subtract(fake_quantise_weights(array, bits, axis), array, dtype=np.float64)
    return float(np.mean(np.square(noise)))
