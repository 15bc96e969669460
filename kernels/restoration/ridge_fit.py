"""Ridge regression of the rounding error on neighbourhoods, in three forms of growing freedom.

``own``: the channel's own 3x3 neighbourhood; ``separable``: that and the other channels at the same place;
``full``: the 3x3 neighbourhoods of all channels. W = (F'F + p I)^-1 F'Y, with p a share of the mean power of
a feature (Hoerl and Kennard 1970); the constant feature is not shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.restoration.neighbourhoods import CENTRE, TAPS, Floats32, Floats64, Sums

Form: TypeAlias = Literal["own", "separable", "full"]
_UNSHRUNK: Final = 1e-9
"""Of the constant feature: only so much that it never is singular."""


@dataclass(frozen=True, eq=False)
class Kernels:
    """Convolutions whose results are added: ``(C, C, k, k)``, or ``(C, 1, k, k)`` for each channel alone."""

    kernels: tuple[Floats32, ...]
    bias: Floats32


def fit(sums: Sums, form: Form, shrinkage: float) -> Kernels:
    """The kernels of a form; ``shrinkage`` is p over the mean power of a feature, above 0."""
    features = len(sums.features) - 1
    power = (
        np.trace(sums.features[:-1, :-1]) / features or 1.0
    )  # at the coarsest steps all may decode to zero
    penalty = np.full(features + 1, shrinkage * power)
    penalty[-1] = _UNSHRUNK * power
    if form == "full":
        return _full(_solved(sums, np.arange(features + 1), penalty, slice(None)))
    return _by_channel(sums, form, penalty)


def _full(weights: Floats64) -> Kernels:
    """Weights (9 C + 1, C) as one dense convolution."""
    channels = weights.shape[1]
    kernel = weights[:-1].T.reshape(channels, channels, 3, 3)
    return Kernels((np.ascontiguousarray(kernel, np.float32),), weights[-1].astype(np.float32))


def _by_channel(sums: Sums, form: Form, penalty: Floats64) -> Kernels:
    """One small system for each channel."""
    channels = sums.channels
    spatial, across = np.zeros((channels, TAPS)), np.zeros((channels, channels))
    bias = np.zeros(channels)
    centres = np.arange(channels) * TAPS + CENTRE
    for channel in range(channels):
        own = np.arange(channel * TAPS, (channel + 1) * TAPS)
        others = np.delete(centres, channel) if form == "separable" else centres[:0]
        picked = np.concatenate([own, others, [channels * TAPS]])
        weights = _solved(sums, picked, penalty[picked], channel)
        spatial[channel], bias[channel] = weights[:TAPS], weights[-1]
        across[channel, others // TAPS] = weights[TAPS:-1]
    kernels = [spatial.reshape(channels, 1, 3, 3)]
    if form == "separable":
        kernels.append(across.reshape(channels, channels, 1, 1))
    return Kernels(tuple(kernel.astype(np.float32) for kernel in kernels), bias.astype(np.float32))


def _solved(sums: Sums, picked: NDArray[np.int64], penalty: Floats64, channel: int | slice) -> Floats64:
    """Weights of the picked features for one channel's correction, or all."""
    system = sums.features[np.ix_(picked, picked)] + np.diag(penalty)
    weights = np.linalg.solve(system, sums.corrections[picked][:, channel])
    return weights.astype(np.float64, copy=False)
