"""Salient positions against the slow way: pad, sum, compare, grow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.masked.mask import grow
from evosplit.kernels.salient import salient


@settings(deadline=None)  # compiled at the first call
@given(st.integers(1, 9), st.integers(1, 9), st.floats(-1, 1), st.integers(0, 2**32 - 1))
def test_as_the_slow_way(height: int, width: int, limit: float, seed: int) -> None:
    # Multiples of 1/8 add up without rounding, so that both ways see the same sums.
    scores = np.random.default_rng(seed).integers(-16, 17, (2, height, width)).astype(np.float32) / 8
    near = np.pad(scores[1], 1)
    total = sum(near[i : i + height, j : j + width] for i in range(3) for j in range(3))
    expected = grow(scores[0] + total * np.float32(1 / 9) >= np.float32(limit), 1)
    mask = np.zeros((height, width), np.bool_)
    assert salient(scores, float(np.float32(limit)), mask)
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("part", [0, 1])
def test_what_is_not_finite_is_told(value: float, part: int) -> None:
    scores = np.zeros((2, 4, 5), np.float32)
    scores[part, 2, 3] = value
    assert not salient(scores, 0.0, np.zeros((4, 5), np.bool_))
