"""Mask algebra, position lists and change masks against their oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.masked import change, mask, reference
from evosplit.kernels.masked.set_positions import positions_of
from evosplit.kernels.masked.window import Window
from evosplit.shared.errors import InputError

sizes = st.tuples(st.integers(1, 20), st.integers(1, 20))
seeds = st.integers(0, 2**31)
densities = st.sampled_from((0.0, 0.05, 0.5, 1.0))


@st.composite
def windows(draw):
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    pads = tuple(draw(st.integers(0, 2)) for _ in range(4))
    return Window(draw(pair), draw(pair), pads, draw(pair))


def fitting(window, size):
    """``size``, or one that the window fits."""
    return tuple(max(size[i], window.dilation[i] * (window.kernel[i] - 1) + 1) for i in range(2))


@given(windows(), sizes, densities, seeds)
@settings(max_examples=100, deadline=None)
def test_through_a_layer(window, size, density, seed):
    given_mask = np.random.default_rng(seed).random(fitting(window, size)) < density
    assert np.array_equal(mask.through(given_mask, window), reference.through(given_mask, window))


@given(windows(), sizes, seeds)
@settings(max_examples=60, deadline=None)
def test_needed_is_what_single_inputs_reach(window, size, seed):
    size = fitting(window, size)
    wanted = np.random.default_rng(seed).random(window.out_size(size)) < 0.2
    found = mask.needed(wanted, window, size)
    for y in range(size[0]):
        for x in range(size[1]):
            single = np.zeros(size, bool)
            single[y, x] = True
            assert found[y, x] == (mask.through(single, window) & wanted).any()


def test_needed_refuses_a_mask_of_another_size():
    with pytest.raises(InputError):
        mask.needed(np.ones((3, 3), bool), Window((3, 3)), (4, 4))


def test_grow_upsample_union_density():
    dot = np.zeros((5, 6), bool)
    dot[2, 3] = True
    assert mask.grow(dot, 1).sum() == 9
    assert mask.grow(dot, 9).all()
    assert mask.upsample(dot, (2, 3)).nonzero()[0].tolist() == [4] * 3 + [5] * 3
    other = np.zeros((5, 6), bool)
    other[0, 0] = True
    assert mask.union([dot, other]).sum() == 2
    assert mask.density(mask.union([dot, other])) == 2 / 30
    with pytest.raises(InputError):
        mask.union([dot, other[1:]])


@given(sizes, densities, seeds)
@settings(max_examples=60, deadline=None)
def test_positions_are_the_set_ones_in_order(size, density, seed):
    given_mask = np.random.default_rng(seed).random(size) < density
    found = positions_of(given_mask)
    assert np.array_equal(np.stack(np.nonzero(given_mask)), np.stack((found >> 16, found & 0xFFFF)))
    assert np.array_equal(found, positions_of(given_mask.T.copy().T))


def test_positions_refuse_a_vast_mask():
    with pytest.raises(InputError):
        positions_of(np.zeros((1, 40000), bool))


@given(
    sizes,
    st.integers(1, 4),
    st.sampled_from((0.0, 0.1, 1.0)),
    st.integers(1, 5),
    st.sampled_from(("f4", "u1")),
    st.booleans(),
    seeds,
)
@settings(max_examples=80, deadline=None)
def test_changes(size, channels, threshold, block, dtype, channels_last, seed):
    rng = np.random.default_rng(seed)
    before = (rng.random((channels, *size)) * 4).astype(dtype)
    after = np.where(rng.random(before.shape) < 0.1, (rng.random(before.shape) * 4).astype(dtype), before)
    if dtype == "f4":
        after[rng.random(before.shape) < 0.02] = np.nan
    expected = reference.changed(before.astype("f4"), after.astype("f4"), np.float32(threshold), block)
    frames = [np.moveaxis(a, 0, 2).copy() if channels_last else a for a in (before, after)]
    found = change.changed(*frames, threshold, block, channels_last)
    assert found.dtype == bool
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("second", "threshold", "block"),
    [(np.zeros((1, 4, 5)), 0, 1), (np.zeros((1, 4, 4), "f4"), -1, 1), (np.zeros((1, 4, 4), "f4"), 0, 0)],
)
def test_changes_refuse_what_does_not_fit(second, threshold, block):
    with pytest.raises(InputError):
        change.changed(np.zeros((1, 4, 4), np.float32), second, threshold, block)


def test_windows_that_are_none():
    with pytest.raises(InputError):
        Window((0, 3))
    with pytest.raises(InputError):
        Window((3, 3)).out_size((2, 5))
    assert Window((1, 1)).is_point
    assert not Window((1, 1), stride=(2, 2)).is_point
