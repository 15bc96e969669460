"""Block means against NumPy, for every size and stride."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.block_means import block_means


def slow(maps, block):
    rows, columns = (-(-side // block) for side in maps.shape[1:])
    return np.array(
        [
            [
                [
                    channel[y * block : (y + 1) * block, x * block : (x + 1) * block].mean(dtype=np.float64)
                    for x in range(columns)
                ]
                for y in range(rows)
            ]
            for channel in maps
        ]
    )


@given(st.integers(1, 3), st.integers(1, 20), st.integers(1, 20), st.integers(1, 9), st.booleans())
@settings(max_examples=80, deadline=None)
def test_equal_to_numpy(channels, height, width, block, transposed):
    maps = np.random.default_rng(height).normal(size=(channels, height, width)).astype(np.float32)
    if transposed:
        maps = np.asfortranarray(maps)
    np.testing.assert_allclose(block_means(maps, block), slow(maps, block), atol=1e-5)


def test_nan_stays_in_its_block():
    maps = np.zeros((1, 4, 4), np.float32)
    maps[0, 3, 0] = np.nan
    assert np.isnan(block_means(maps, 2)).tolist() == [[[False, False], [True, False]]]
