"""Karhunen-Loeve basis of a tensor's channels, in a metric: components that tell nothing of each other.

In the metric G squared error of channels e counts as e' G e. With R = G^(1/2) and the eigenvectors V of
R covariance R the components are V' R (channels - mean): independent to second order, and equal noise on each
is noise R^-1 V n on the channels, which counts as n'n whatever its direction. So one uniform step for all of
them is reverse water-filling (Cover and Thomas, 10.3.3) in that metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evosplit.kernels.restoration.neighbourhoods import Floats32, Floats64


@dataclass(frozen=True, eq=False)
class ChannelBasis:
    """``inverse`` (C, C) makes channels of components, largest variance first, and ``mean`` (C,) is added."""

    inverse: Floats64
    mean: Floats64


def channel_basis(tensors: Sequence[Floats32], metric: Floats64) -> ChannelBasis:
    """The basis of tensors ``(1, C, H, W)`` in a metric ``(C, C)``, symmetric and positive definite."""
    places = sum(values[0, 0].size for values in tensors)
    mean = sum(values.sum((0, 2, 3), np.float64) for values in tensors) / places
    covariance = sum(_products(values, mean) for values in tensors) / places
    weights, axes = np.linalg.eigh(metric)
    root = (axes * np.sqrt(weights)) @ axes.T
    inverse_root = (axes / np.sqrt(weights)) @ axes.T
    _, vectors = np.linalg.eigh(root @ covariance @ root)
    return ChannelBasis(inverse_root @ vectors[:, ::-1], mean)


def _products(values: Floats32, mean: Floats64) -> Floats64:
    """Sum over places of the products of channels, (C, C)."""
    rows = values.reshape(len(mean), -1) - mean[:, None]
    products: Floats64 = rows @ rows.T
    return products


def mixed_metric(sensitivity: Floats64) -> Floats64:
    """Half of a sensitivity ``(C, C)`` and half the identity, of trace C: few inputs do not show all."""
    channels = len(sensitivity)
    power = np.trace(sensitivity)
    scaled = sensitivity * (channels / power) if power > 0 else np.eye(channels)
    mixed: Floats64 = (scaled + np.eye(channels)) / 2
    return mixed
