"""Noise-to-signal ratio and other errors of a network's outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.agreement import is_score_vector
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph

Outputs = Sequence[Mapping[str, NDArray[np.generic]]]
Floats = NDArray[np.float64]

NO_OUTPUT: Final = 1e9
"""The error of what turns outputs into NaN or infinity: above every limit, and a number."""
_SUMS_TO_ONE: Final = 1e-3
_LEAST_SHARE: Final = 1e-12


def noise_to_signal(right: Outputs, changed: Outputs) -> float:
    """Noise power over variance, mean over the float outputs that vary; both are lists over inputs.

    `NO_OUTPUT` at most, as where ``changed`` is not finite; ``right`` always is.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return as_error(_mean_ratio(right, changed))


def as_error(measured: float) -> float:
    """A measured error as a number that limits can count: `NO_OUTPUT` at most, and for NaN."""
    return min(measured, NO_OUTPUT) if math.isfinite(measured) else NO_OUTPUT


def _mean_ratio(right: Outputs, changed: Outputs) -> float:
    ratios = []
    for name, array in right[0].items():
        if array.dtype.kind == "f":
            pairs = [
                (_floats(exact[name]), _floats(other[name]))
                for exact, other in zip(right, changed, strict=True)
            ]
            power = sum(float(np.var(exact)) for exact, _ in pairs)
            noise = sum(float(np.mean(np.square(other - exact))) for exact, other in pairs)
            ratios += [noise / power] if power > 0 else []
    return float(np.mean(ratios)) if ratios else 0.0


def divergence(right: Outputs, changed: Outputs) -> float:
    """Mean over the inputs of KL(right || changed) of a classifier's answers, in nats.

    The one output of a classifier (`check_classifier`) holds shares that add up to one, or else logits.
    `NO_OUTPUT` where ``changed`` is not finite.
    """
    (name,) = right[0]
    total = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for exact, other in zip(right, changed, strict=True):
            p, q = class_shares(exact[name]), class_shares(other[name])
            total += float(np.sum(p * (_log(p) - _log(q))))
    return as_error(total / len(right))


def check_classifier(graph: Graph) -> None:
    """Raise InputError unless the network has a single output with one float score per class."""
    tensors = [graph.tensors[name] for name in graph.outputs]
    if len(tensors) != 1 or not is_score_vector(tensors[0].shape, np.dtype(tensors[0].dtype)):
        raise InputError(f"{graph.name} has no single output with a score per class, which KL needs")


def class_shares(scores: NDArray[np.generic]) -> Floats:
    """Shares (classes,) from scores of any shape: as they are when they add up to one, else their softmax."""
    flat = _floats(scores).reshape(-1)
    if flat.min() >= 0 and abs(flat.sum() - 1) < _SUMS_TO_ONE:
        return flat
    powers = np.exp(flat - flat.max())
    return np.asarray(powers / powers.sum())


def _floats(array: NDArray[np.generic]) -> Floats:
    return array.astype(np.float64)


def _log(shares: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(shares, _LEAST_SHARE)))
