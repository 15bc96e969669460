"""The error of packed weights: per output channel, affine between minimum and maximum, bits by bits."""

from __future__ import annotations

from typing import Final

import numpy as np
from onnx import numpy_helper

from kernels.quantise import fake_quantise
from planner.error_types import WeightErrors
from planner.packing import initialisers, quantised_weights
from shared.graph import Graph

WEIGHT_BITS: Final = (2, 3, 4, 5, 6, 8, 16)


def measure_weights(graph: Graph) -> dict[str, WeightErrors]:
    """Errors (gain 1) per layer with weights to quantise: ||w - Q(w)||^2 / ||w||^2, added up."""
    stored = initialisers(graph)
    return {
        layer: _layer_errors([numpy_helper.to_array(stored[name]) for name in names])
        for layer, names in quantised_weights(graph).items()
    }


def _layer_errors(arrays: list[np.ndarray]) -> WeightErrors:
    found = {bits: [_mse(array, bits) for array in arrays] for bits in WEIGHT_BITS}
    power = [float(np.mean(np.square(array, dtype=np.float64))) for array in arrays]
    relative = {
        bits: sum(e / p for e, p in zip(errors, power, strict=True) if p) for bits, errors in found.items()
    }
    return WeightErrors(relative, relative, {bits: sum(errors) for bits, errors in found.items()})


def _mse(array: np.ndarray, bits: int) -> float:
    return float(np.mean(np.square(fake_quantise(array, bits, axis=0) - array, dtype=np.float64)))
