import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.pooled import pooled
from evosplit.kernels.readout import MISFIT, read_features, read_maps


def layers(depth, width, classes, seed):
    random = np.random.default_rng(seed)
    draw = lambda *shape: random.normal(size=shape).astype(np.float32)  # noqa: E731
    codes = random.integers(-127, 128, (depth, width)).astype(np.int8)
    return abs(draw(depth)), codes, 50 * draw(width), draw(width, classes) / 99, draw(classes)


def oracle(features, parts):
    inverse, codes, bias, second, second_bias = (part.astype(np.float64) for part in parts)
    logits = np.maximum((features * inverse) @ codes + bias, 0) @ second + second_bias
    shares = np.exp(logits - logits.max())
    return shares / shares.sum()


@settings(deadline=None)
@given(st.integers(1, 13), st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_share_is_that_of_two_layers_and_a_softmax(depth, width, classes, seed):
    parts = layers(depth, width, classes, seed)
    features = np.random.default_rng(seed).normal(size=depth).astype(np.float32)
    at, share = read_features(features, parts)
    wanted = oracle(features.astype(np.float64), parts)
    assert wanted[at] == pytest.approx(wanted.max(), rel=1e-3)
    assert share == pytest.approx(wanted.max(), rel=1e-3)


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.booleans(), st.booleans()
)
def test_a_tensor_is_read_as_its_features_are(channels, height, width, grid, spread, peak):
    tensor = np.random.default_rng(7).normal(size=(1, channels, height, width)).astype(np.float32)
    means = np.empty((channels, min(grid, height), min(grid, width)), np.float32)
    others = np.empty((2, channels), np.float32)
    pooled(tensor[0], means, *others)
    kept = [others[0]] * spread + [others[1]] * peak
    features = np.concatenate([means.ravel(), *kept])
    parts = layers(len(features), 6, 3, 0)
    assert read_maps(tensor, grid, spread, peak, parts) == read_features(features, parts)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_has_no_share(value):
    tensor = np.ones((1, 2, 4, 4), np.float32)
    tensor[0, 1, 2, 3] = value
    assert np.isnan(read_maps(tensor, 2, True, True, layers(12, 3, 2, 0))[1])
    assert np.isnan(read_features(np.float32([1, value]), layers(2, 3, 2, 0))[1])


def test_another_size_is_a_misfit():
    parts = layers(12, 3, 2, 0)
    assert read_features(np.ones(11, np.float32), parts)[0] == MISFIT
    assert read_maps(np.ones((1, 3, 4, 4), np.float32), 2, True, True, parts)[0] == MISFIT
