import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.pooled import pooled


def run(maps, rows, columns):
    means = np.empty((len(maps), rows, columns), np.float32)
    spread, peak = np.empty((2, len(maps)), np.float32)
    pooled(maps, means, spread, peak)
    return means, spread, peak


def edges(size, count):
    return [at * size // count for at in range(count + 1)]


def oracle(maps, rows, columns):
    tops, lefts = edges(maps.shape[1], rows), edges(maps.shape[2], columns)
    values = maps.astype(np.float64)
    means = [
        [values[:, tops[i] : tops[i + 1], lefts[j] : lefts[j + 1]].mean(axis=(1, 2)) for j in range(columns)]
        for i in range(rows)
    ]
    return np.moveaxis(np.array(means), 2, 0), values.std(axis=(1, 2)), values.max(axis=(1, 2))


@settings(deadline=None)
@given(st.data(), st.integers(1, 5), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_statistics_are_those_of_numpy(data, channels, height, width, seed):
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    maps = np.random.default_rng(seed).normal(3, 2, (channels, height, width)).astype(np.float32)
    for found, wanted in zip(run(maps, rows, columns), oracle(maps, rows, columns), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_shows_in_its_channel_alone(value):
    maps = np.ones((3, 4, 4), np.float32)
    maps[1, 2, 3] = value
    assert np.isnan(run(maps, 2, 2)[1]).tolist() == [False, True, False]
