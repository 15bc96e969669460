"""Basis of channels: components that tell nothing of each other, and noise that counts alike in each."""

from __future__ import annotations

import numpy as np
import pytest

from evosplit.kernels.restoration.channel_basis import channel_basis, mixed_metric


def correlated(channels: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(channels, channels))
    values = (
        np.einsum("cd,dhw->chw", mixing, rng.normal(size=(channels, 8, 8)))[None] + 3.0 for _ in range(6)
    )
    return [each.astype(np.float32) for each in values]


def metric_of(channels: int, seed: int = 1) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(channels, channels))
    return mixed_metric(root @ root.T)


@pytest.mark.parametrize("metric", [np.eye(5), metric_of(5)])
def test_components_are_uncorrelated_largest_first_and_their_noise_counts_alike(metric: np.ndarray) -> None:
    tensors = correlated(5)
    basis = channel_basis(tensors, metric)
    rows = np.concatenate([values.reshape(5, -1).T for values in tensors]).astype(np.float64)
    components = np.linalg.solve(basis.inverse, (rows - basis.mean).T)
    covariance = components @ components.T / components.shape[1]
    variances = np.diag(covariance)
    np.testing.assert_allclose(covariance, np.diag(variances), atol=1e-6 * variances[0])
    assert (np.diff(variances) <= 0).all()
    np.testing.assert_allclose(basis.inverse.T @ metric @ basis.inverse, np.eye(5), atol=1e-9)


def test_a_metric_is_half_of_what_was_seen() -> None:
    seen = np.diag([3.0, 0.0, 0.0])
    np.testing.assert_allclose(mixed_metric(seen), np.diag([2.0, 0.5, 0.5]))
    np.testing.assert_allclose(mixed_metric(np.zeros((3, 3))), np.eye(3))


def test_channels_that_never_vary_have_components_all_the_same() -> None:
    values = np.zeros((1, 3, 4, 4), np.float32)
    values[0, 0] = np.arange(16).reshape(4, 4)
    basis = channel_basis([values], np.eye(3))
    assert np.isfinite(basis.inverse).all()
    assert abs(np.linalg.det(basis.inverse)) == pytest.approx(1.0)
