"""Changes once light is undone, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.lighting import largest_change


def slow(old, new, least, most):
    old, new = old.astype(np.float64), new.astype(np.float64)

    def gaps(kept):
        off = old - old[kept].mean()
        spread = (off[kept] ** 2).sum()
        gain = (off[kept] * (new[kept] - new[kept].mean())).sum() / spread if spread > 0 else 1.0
        return np.abs(new - new[kept].mean() - np.clip(gain, least, most) * off)

    first = gaps(np.ones(len(old), bool))
    return gaps(first <= np.sort(first)[len(old) // 2]).max()


@given(st.integers(1, 3), st.integers(1, 40), st.floats(0.5, 1.6), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
def test_equal_to_numpy(channels, count, gain, seed):
    rng = np.random.default_rng(seed)
    old = rng.uniform(size=(channels, count)).astype(np.float32)
    new = (gain * old + 0.1 + rng.normal(size=old.shape) * rng.choice([0, 0.3], old.shape)).astype(np.float32)
    wanted = max(slow(*pair, 0.8, 1.25) for pair in zip(old, new, strict=True))
    assert largest_change(old, new, 0.8, 1.25) == pytest.approx(wanted, abs=1e-5)


def test_flat_pictures():
    flat = np.full((1, 4), 0.5, np.float32)
    assert largest_change(flat, flat + np.float32(0.25), 0.8, 1.25) == 0
    assert largest_change(flat, np.array([[0.5, 0.5, 0.5, 1]], np.float32), 0.8, 1.25) == 0.5
