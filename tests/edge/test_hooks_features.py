import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.edge.hooks.features import FeatureSpec

SHAPES = [(1, 3, 8, 8), (1, 5, 2, 9), (1, 4, 1, 1), (1, 7, 6), (1, 6), (1,), (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None)
@given(st.integers(1, 5), st.booleans(), st.booleans())
def test_the_length_is_known_beforehand(shape, grid, spread, peak):
    spec = FeatureSpec(grid, spread, peak)
    features = spec.of(np.ones(shape, np.float32))
    assert features.shape == (spec.size(shape),)
    assert features.dtype == np.float32


def test_cells_spread_and_peak_follow_each_other():
    tensor = np.arange(2 * 4 * 4, dtype=np.float32).reshape(1, 2, 4, 4)
    features = FeatureSpec(2).of(tensor)
    assert features[:4].tolist() == [2.5, 4.5, 10.5, 12.5]
    np.testing.assert_allclose(features[8:10], tensor[0].std(axis=(1, 2)), rtol=1e-6)
    assert features[10:].tolist() == [15, 31]
    assert FeatureSpec(2, spread=False).of(tensor).tolist() == [*features[:8], *features[10:]]


def test_tokens_are_pooled_along_themselves():
    tokens = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    assert FeatureSpec(1, False, False).of(tokens).tolist() == [4.5, 5.5, 6.5]


def test_vectors_are_read_as_they_are():
    assert FeatureSpec().of(np.array([[1, 2, 3]], np.float64)).tolist() == [1, 2, 3]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_show(shape, value):
    tensor = np.ones(shape, np.float32)
    tensor.flat[-1] = value
    for spec in (FeatureSpec(), FeatureSpec(2, False, False)):
        assert not np.isfinite(spec.of(tensor)).all()


def test_the_layout_in_memory_does_not_matter():
    tensor = np.random.default_rng(0).normal(size=(1, 8, 6, 5)).astype(np.float32)
    turned = np.asfortranarray(tensor)
    assert np.array_equal(FeatureSpec().of(tensor), FeatureSpec().of(turned))
