"""Fused classifier inference: statistics of a tensor, two small layers and a softmax in one call.

A hook stands between layers that have driven its code and its weights out of the cache, where every NumPy
call and every temporary array costs several times what it costs in a loop; the weights of the first layer
are 8-bit numbers for the same reason.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.pooled import pooled

Layers: TypeAlias = tuple[
    NDArray[np.float32], NDArray[np.int8], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
]
"""``inverse`` `(d,)`, ``codes`` `(d, h)`, ``bias`` `(h,)`, ``second`` `(h, classes)`, `(classes,)`:
softmax(relu((x * inverse) @ codes + bias) @ second + second_bias), all contiguous."""

MISFIT = -1
"""In place of a class, where the tensor has not as many features as the layer reads."""


@compiled
def read_features(features: NDArray[np.float32], layers: Layers) -> tuple[int, float]:
    """The likeliest class of ``features`` `(d,)` and its share; NaN where values are not finite."""
    inverse, codes, bias, second, second_bias = layers
    if len(features) != len(codes):
        return MISFIT, np.nan
    values, made, scores = features * inverse, bias.copy(), second_bias.copy()
    if not np.isfinite(values.sum()):
        return 0, np.nan
    _add_products(values, codes, made)
    for j in range(len(made)):
        # Written so that what is no number reaches the scores.
        if not made[j] <= 0:
            for k in range(len(scores)):
                scores[k] += made[j] * second[j, k]
    best, total = np.argmax(scores), np.float32(0)
    for score in scores:
        total += np.exp(score - scores[best])
    return int(best), 1.0 / float(total)


@compiled
def _add_products(values: NDArray[np.float32], codes: NDArray[np.int8], made: NDArray[np.float32]) -> None:
    """Add ``values`` `(d,)` @ ``codes`` `(d, h)`, four rows at a time: ``made`` is loaded once for all."""
    depth, width = codes.shape
    whole = depth - depth % 4
    for i in range(0, whole, 4):
        a, b, c, d = values[i], values[i + 1], values[i + 2], values[i + 3]
        for j in range(width):
            first = a * np.float32(codes[i, j]) + b * np.float32(codes[i + 1, j])
            made[j] += first + (c * np.float32(codes[i + 2, j]) + d * np.float32(codes[i + 3, j]))
    for i in range(whole, depth):
        for j in range(width):
            made[j] += values[i] * np.float32(codes[i, j])


@compiled
def read_maps(
    tensor: NDArray[np.float32], grid: int, spread: bool, peak: bool, layers: Layers
) -> tuple[int, float]:
    """As `read_features`, of a contiguous `(1, C, H, W)`: means over grid x grid cells, spread, peak.

    NaN where a value of the tensor is not finite.
    """
    _, channels, height, width = tensor.shape
    rows, columns = min(grid, height), min(grid, width)
    cells = channels * rows * columns
    features = np.empty(cells + 2 * channels, np.float32)
    means, spreads, peaks = features[:cells], features[cells : cells + channels], features[cells + channels :]
    pooled(tensor[0], means.reshape((channels, rows, columns)), spreads, peaks)
    if np.isnan(spreads.sum()):
        return 0, np.nan
    if peak and not spread:
        spreads[:] = peaks
    return read_features(features[: cells + channels * (int(spread) + int(peak))], layers)
