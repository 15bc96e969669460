"""Fit of a saliency mask: which positions of an early tensor matter to what crosses the cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hooks.saliency import SaliencyMaskHook, saliency

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

NOISE_MARGIN: Final = 6.0
"""How many of its usual deviations a position must be off its background to count as something."""
MOST_POSITIONS: Final = 100_000
_NEWTON_STEPS: Final = 12
_RIDGE: Final = 1e-3


def deviates(boundary: Sequence[NDArray[Any]]) -> Bools:
    """`(n, H, W)`: where frames `(1, C, H, W)` of one stream differ from its background.

    The background is each value's median over the frames, its usual deviation the median distance from that
    (at least the median over all values, so that values that never move are not all suspicious).
    """
    maps = np.concatenate([np.asarray(tensor, np.float32) for tensor in boundary])
    distance = np.abs(maps - np.median(maps, 0))
    usual = np.median(distance, 0)
    usual = np.maximum(usual, max(float(np.median(usual)), 1e-3 * float(np.abs(maps).max() or 1)))
    deviating: Bools = (distance > NOISE_MARGIN * usual).any(1)
    return deviating


def fit_saliency(
    name: str,
    tap: str,
    tensors: Sequence[NDArray[Any]],
    boundary: Sequence[NDArray[Any]],
    target: float,
    sure: float = 0.95,
) -> SaliencyMaskHook | None:
    """The hook for ``tap``, or None where nothing stands out or no threshold holds.

    ``tensors`` are ``tap``'s `(1, C, H, W)` and ``boundary`` a boundary tensor's `(1, C', H', W')`, of the
    same frames of one stream, in order. The first half of the frames teaches; of the positions that are left
    out in the second half a share of ``target`` must be background.
    """
    if (
        len({tensor.shape for tensor in tensors}) != 1
        or len(tensors) != len(boundary)
        or tensors[0].ndim != 4
    ):
        return None
    salient, middle = _at_tap(deviates(boundary), tensors[0].shape[2:]), len(tensors) // 2
    if not middle or not salient[:middle].any() or salient[:middle].all():
        return None
    own, around, bias = _logistic(tensors[:middle], salient[:middle])
    scores = np.stack([saliency(_maps(tensor), own, around) for tensor in tensors[middle:]])
    empty = 1 / (1 + np.exp(np.clip(scores.ravel() + bias, -60, 60)))
    least = threshold(empty, ~salient[middle:].ravel(), target, sure)
    if least is None or not 0 < least < 1:
        return None
    return SaliencyMaskHook(name, tap, own, around, bias, 1 - least, positions=scores[0].size)


def _maps(tensor: NDArray[Any]) -> Floats:
    return np.asarray(tensor[0], np.float32)


def _at_tap(masks: Bools, size: tuple[int, ...]) -> Bools:
    """Masks `(n, h, w)` at the tap's finer or coarser grid: each position asks the one that it lies in."""
    rows = np.arange(size[0]) * masks.shape[1] // size[0]
    columns = np.arange(size[1]) * masks.shape[2] // size[1]
    taken: Bools = masks[:, rows[:, None], columns[None]]
    return taken


def _logistic(tensors: Sequence[NDArray[Any]], salient: Bools) -> tuple[Floats, Floats, float]:
    """Weights of a position's channels and of its neighbourhood's, and the bias."""
    features, labels = _positions(tensors, salient)
    mean, scale = features.mean(0), 1 / np.maximum(features.std(0), 1e-6)
    weights = _newton(np.c_[(features - mean) * scale, np.ones(len(features))], labels)
    slopes = weights[:-1] * scale
    own, around = np.split(slopes.astype(np.float32), 2)
    return own, around, float(weights[-1] - slopes @ mean)


def _positions(tensors: Sequence[NDArray[Any]], salient: Bools) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features `(n, 2 C)` and labels `(n,)` of some positions, evenly drawn from all frames."""
    rng, each = np.random.default_rng(0), max(1, MOST_POSITIONS // len(tensors))
    features, labels = [], []
    for tensor, mask in zip(tensors, salient, strict=True):
        chosen = rng.choice(mask.size, min(each, mask.size), replace=False)
        features.append(_features(_maps(tensor))[:, chosen].T)
        labels.append(mask.ravel()[chosen])
    return np.concatenate(features).astype(np.float64), np.concatenate(labels)


def _features(maps: Floats) -> Floats:
    """`(2 C, H W)`: what `saliency` weighs, the channels and their means over 3 x 3 positions."""
    unit, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    means = np.stack([saliency(channel[None], zero, unit) for channel in maps])
    features: Floats = np.concatenate([maps, means]).reshape(2 * len(maps), -1)
    return features


def _newton(features: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Logistic regression with a little ridge, by Newton's method; the last feature is the constant."""
    weights: NDArray[np.float64] = np.zeros(features.shape[1])
    ridge = _RIDGE * len(features) * np.eye(features.shape[1])
    for _ in range(_NEWTON_STEPS):
        share = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        curve = features.T @ (features * (share * (1 - share))[:, None]) + ridge
        weights = weights + np.linalg.solve(curve, features.T @ (labels - share) - ridge @ weights)
    return weights
