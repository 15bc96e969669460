"""Options of error measurement: error measure, clip method, weight packing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from evosplit.kernels.clipping import Clip

Measure: TypeAlias = Literal["gain", "output", "kl", "mse"]
"""``gain``: relative MSE times a probed gain, the fast estimate of ``output``. ``output``: noise to signal at
the network's outputs when that tensor alone is quantised, measured at every bit-width. ``kl``: the divergence
of a classifier's answer, in nats, measured likewise. ``mse``: of the tensor itself, as Auto-Split sums it."""


@dataclass(frozen=True)
class ErrorOptions:
    """Which measure `error` holds, how activations are clipped below 8 bits, and how weights are scaled.

    ``weights``: a scale per output channel (as bundles pack them), or one per tensor.
    """

    measure: Measure = "gain"
    clip: Clip = "mse"
    weights: Literal["channel", "tensor"] = "channel"
