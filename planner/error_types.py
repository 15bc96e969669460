"""What quantisation costs: the error of every weight and activation tensor at every bit-width.

D(t, b) = mean((v - Q_b(v))^2), as in Auto-Split (arXiv 2108.13041), and divided by the tensor's own power so
that errors of different tensors may be added: see docs/decisions/error-measure.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class WeightErrors:
    """A layer's weights: ``error`` maps bits -> relative MSE, summed over its quantised initialisers.

    Per channel (axis 0), affine between minimum and maximum. ``mse`` is the same, not divided.
    """

    error: Mapping[int, float]
    mse: Mapping[int, float]


@dataclass(frozen=True)
class ActivationErrors:
    """A tensor's activations over the calibration inputs, per tensor affine, by bits.

    ``error`` is MSE / variance, ``mse`` the MSE alone; ``low`` and ``high`` the clip range, which holds
    zero; ``wire_bytes`` the mean payload on the wire, after the codec where that helped.
    """

    error: Mapping[int, float]
    mse: Mapping[int, float]
    low: Mapping[int, float]
    high: Mapping[int, float]
    wire_bytes: Mapping[int, float]


@dataclass(frozen=True)
class ErrorTable:
    """Errors of one model from ``samples`` calibration inputs.

    ``weights`` is by layer name, for layers with weights to quantise; ``activations`` by tensor name, for
    float tensors, inputs of the model included; ``plain_bytes`` the mean payload of the other tensors.
    """

    model: str
    model_sha256: str
    samples: int
    weights: Mapping[str, WeightErrors]
    activations: Mapping[str, ActivationErrors]
    plain_bytes: Mapping[str, float]
