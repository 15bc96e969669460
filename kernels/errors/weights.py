"""The error of packed weights: affine over the range of each output channel or of the tensor."""

from __future__ import annotations

from typing import Final

import numpy as np
from onnx import numpy_helper

from kernels.errors.types import WeightErrors
from kernels.weights import fake_quantise_weights
from shared.graph import Graph
from shared.weight_sizes import initialisers, quantised_weights

WEIGHT_BITS: Final = (2, 3, 4, 5, 6, 8, 16)


def measure_weights(graph: Graph, axis: int | None = 0) -> dict[str, WeightErrors]:
    """Errors (relative) per layer with weights to quantise: ||w - Q(w)||^2 / ||w||^2, added up.

    ``axis`` 0: a scale per output channel; None: one per tensor.
    """
    stored = initialisers(graph)
    return {
        layer: _layer_errors([numpy_helper.to_array(stored[name]) for name in names], axis)
        for layer, names in quantised_weights(graph).items()
    }


def _layer_errors(arrays: list[np.ndarray], axis: int | None) -> WeightErrors:
    found = {bits: [_mse(array, bits, axis) for array in arrays] for bits in WEIGHT_BITS}
    power = [float(np.mean(np.square(array, dtype=np.float64))) for array in arrays]
    relative = {
        bits: sum(e / p for e, p in zip(errors, power, strict=True) if p) for bits, errors in found.items()
    }
    return WeightErrors(relative, relative, {bits: sum(errors) for bits, errors in found.items()})


def _mse(array: np.ndarray, bits: int, axis: int | None) -> float:
    return float(np.mean(np.square(fake_quantise_weights(array, bits, axis) - array, dtype=np.float64)))
