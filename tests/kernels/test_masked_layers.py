"""Pools, element-wise steps and layouts under a mask: right where it is set, untouched elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.masked import channels_last, elementwise, pool, reference
from evosplit.kernels.masked.activation import NONE, RELU, SIGMOID_CURVE, SILU_CURVE, clip, leaky
from evosplit.kernels.masked.set_positions import positions_of
from evosplit.kernels.masked.window import Window
from evosplit.shared.errors import InputError

UNTOUCHED = np.float32(-777.25)
activations = st.sampled_from((NONE, RELU, clip(-0.5, 0.5), leaky(0.2), SILU_CURVE, SIGMOID_CURVE))
sizes = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 40))
seeds = st.integers(0, 2**31)


def array(rng, shape):
    return rng.normal(size=shape).astype(np.float32)


def case(size, seed):
    """A generator, an input, an output that holds a marker, a mask and its positions."""
    rng = np.random.default_rng(seed)
    mask = rng.random(size[:2]) < rng.random()
    return rng, array(rng, size), np.full(size, UNTOUCHED), mask, positions_of(mask)


def check(out, mask, dense):
    assert np.array_equal(out[~mask], np.full_like(out[~mask], UNTOUCHED))
    np.testing.assert_allclose(out[mask], dense[mask], rtol=2e-6, atol=2e-6)


@given(
    sizes,
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(*[st.integers(0, 1)] * 4),
    st.sampled_from(("max", "mean", "mean with padding")),
    seeds,
)
@settings(max_examples=60, deadline=None)
def test_pools(size, kernel, stride, pads, kind, seed):
    size = (max(size[0], kernel[0]), max(size[1], kernel[1]), size[2])
    window = Window(kernel, stride, pads)
    rng = np.random.default_rng(seed)
    x = array(rng, size)
    mask = rng.random(window.out_size(size[:2])) < rng.random()
    out = np.full((*mask.shape, size[2]), UNTOUCHED)
    if kind == "max":
        pool.max_pool(x, window, positions_of(mask), out)
        dense = reference.max_pool(x.astype(float), window)
    else:
        include = kind == "mean with padding"
        pool.average_pool(x, window, positions_of(mask), out, include)
        dense = reference.average_pool(x.astype(float), window, include)
    check(out, mask, dense)


def test_max_pool_keeps_a_nan():
    x = np.ones((4, 4, 20), np.float32)
    x[1, 1, 7] = np.nan
    out = np.zeros((2, 2, 20), np.float32)
    pool.max_pool(x, Window((2, 2), (2, 2)), positions_of(np.ones((2, 2), bool)), out)
    assert np.isnan(out).sum() == 1
    assert np.isnan(out[0, 0, 7])


@given(sizes, activations, seeds)
@settings(max_examples=40, deadline=None)
def test_add(size, activation, seed):
    rng, x, out, mask, positions = case(size, seed)
    y = array(rng, size)
    elementwise.add(x, y, positions, out, activation)
    check(out, mask, reference.activate(x.astype(float) + y, activation))


@given(sizes, activations, seeds)
@settings(max_examples=40, deadline=None)
def test_scale_and_shift(size, activation, seed):
    rng, x, out, mask, positions = case(size, seed)
    scale, shift = array(rng, size[2]), array(rng, size[2])
    elementwise.scale_shift(x, scale, shift, positions, out, activation)
    check(out, mask, reference.activate(x.astype(float) * scale + shift, activation))


@given(sizes, activations, seeds)
@settings(max_examples=40, deadline=None)
def test_activate(size, activation, seed):
    _, x, out, mask, positions = case(size, seed)
    x *= 30  # far into the tails of SiLU
    elementwise.activate(x, positions, out, activation)
    check(out, mask, reference.activate(x.astype(float), activation))


@given(sizes, seeds)
@settings(max_examples=30, deadline=None)
def test_copy_into_a_concatenation(size, seed):
    _, x, _, mask, positions = case(size, seed)
    wide = np.full((*size[:2], size[2] + 7), UNTOUCHED)
    elementwise.copy(x, positions, wide[..., 4 : 4 + size[2]])
    assert np.array_equal(wide[..., 4:-3][mask], x[mask])
    wide[..., 4:-3] = UNTOUCHED
    assert (wide == UNTOUCHED).all()


@given(sizes, st.tuples(st.integers(1, 3), st.integers(1, 3)), seeds)
@settings(max_examples=30, deadline=None)
def test_upsample(size, factor, seed):
    rng = np.random.default_rng(seed)
    x = array(rng, size)
    dense = x.repeat(factor[0], 0).repeat(factor[1], 1)
    mask, out = rng.random(dense.shape[:2]) < 0.4, np.full_like(dense, UNTOUCHED)
    elementwise.upsample(x, factor, positions_of(mask), out)
    check(out, mask, dense)


@given(sizes, seeds)
@settings(max_examples=30, deadline=None)
def test_layouts(size, seed):
    _, x, out, mask, positions = case(size, seed)
    first = np.full((size[2], *size[:2]), UNTOUCHED)
    channels_last.to_channels_first(x, first, positions)
    check(np.moveaxis(first, 0, 2), mask, x)
    channels_last.to_channels_first(x, first)
    channels_last.to_channels_last(first, out, positions)
    check(out, mask, x)
    channels_last.to_channels_last(first, out)
    assert np.array_equal(out, x)


def test_refuse_what_does_not_fit():
    x, none = np.zeros((3, 4, 5), np.float32), positions_of(np.zeros((3, 4), bool))
    short = np.zeros((3, 4, 4), np.float32)
    for call in (
        lambda: elementwise.add(x, short, none, x),
        lambda: elementwise.copy(x, none, short),
        lambda: elementwise.activate(x, none, short, RELU),
        lambda: elementwise.upsample(x, (2, 2), none, x),
        lambda: elementwise.scale_shift(x, np.zeros(4, np.float32), np.zeros(5, np.float32), none, x),
        lambda: pool.max_pool(x, Window((2, 2)), none, x),
        lambda: channels_last.to_channels_last(x, x),
        lambda: channels_last.to_channels_first(x, x),
    ):
        with pytest.raises(InputError):
            call()
