"""Masked convolution against the slow oracle: right where the mask is set, untouched elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.masked import reference
from evosplit.kernels.masked.activation import NONE, RELU, SILU_CURVE, clip, leaky
from evosplit.kernels.masked.conv import MaskedConv
from evosplit.kernels.masked.set_positions import positions_of
from evosplit.kernels.masked.window import Window
from evosplit.shared.errors import InputError

ACTIVATIONS = (NONE, RELU, clip(0, 6), clip(-0.5, 0.25), leaky(0.1), SILU_CURVE)
UNTOUCHED = np.float32(12345.678)


def array(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


@st.composite
def layers(draw):
    """Arguments of a layer, and an input size that it fits."""
    groups = draw(st.sampled_from((1, 1, 1, 2, 3)))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    stride = draw(st.sampled_from(((1, 1), (2, 2), (1, 2), (3, 1))))
    pads = tuple(draw(st.integers(0, 2)) for _ in range(4))
    least = [dilation[i] * (kernel[i] - 1) + 1 for i in range(2)]
    size = [draw(st.integers(least[i], least[i] + 9)) for i in range(2)]
    depth, width = draw(st.integers(1, 9)), draw(st.integers(1, 40))
    if draw(st.booleans()):  # depthwise
        groups, depth, width = draw(st.integers(1, 90)), 1, 1
    return {
        "size": size,
        "weights": (groups * width, depth, *kernel),
        "stride": stride,
        "pads": pads,
        "dilation": dilation,
        "groups": groups,
    }


@given(
    layers(),
    st.sampled_from((0.0, 0.05, 0.3, 0.7, 1.0)),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(("none", "before", "last")),
    st.sampled_from((1, 2, 3)),
    st.integers(0, 2**31),
)
@settings(max_examples=150, deadline=None)
def test_equals_dense_where_set(layer, density, activation, residual, threads, seed):
    rng = np.random.default_rng(seed)
    size, shape = layer.pop("size"), layer.pop("weights")
    weights, bias = array(rng, *shape), array(rng, shape[0])
    conv = MaskedConv(weights, bias, **layer, activation=activation, residual_last=residual == "last")
    x = array(rng, *size, shape[1] * layer["groups"])
    out = np.full(conv.out_shape(x.shape), UNTOUCHED)
    mask = rng.random(out.shape[:2]) < density
    add = None if residual == "none" else array(rng, *out.shape)
    conv.run(x, mask, out, add, threads)
    check(out, mask, expected(conv, weights, bias, x, layer, activation, residual, add), weights[0].size)


def expected(conv, weights, bias, x, layer, activation, residual, add):
    window = Window(weights.shape[2:], layer["stride"], layer["pads"], layer["dilation"])
    dense = reference.convolve(
        x.astype(float), weights.astype(float), bias.astype(float), window, layer["groups"]
    )
    if residual == "before":
        dense = dense + add
    dense = reference.activate(dense, activation)
    return dense + add if residual == "last" else dense


def check(out, mask, dense, terms):
    assert np.array_equal(out[~mask], np.full_like(out[~mask], UNTOUCHED))
    scale = np.abs(dense).max() + np.sqrt(terms) + 4
    np.testing.assert_allclose(out[mask], dense[mask], rtol=0, atol=terms * scale * 2.0**-23 + 1e-6)


def test_a_position_does_not_depend_on_the_others():
    """So computing only what changed gives what computing all gives, bit for bit."""
    rng = np.random.default_rng(3)
    x = array(rng, 23, 19, 13)
    for weights, groups in ((array(rng, 70, 13, 3, 3), 1), (array(rng, 13, 1, 3, 3), 13)):
        conv = MaskedConv(weights, array(rng, len(weights)), pads=(1, 1, 1, 1), groups=groups)
        whole = np.zeros(conv.out_shape(x.shape), np.float32)
        conv.run(x, np.ones(whole.shape[:2], bool), whole)
        for density in (0.02, 0.1, 0.4, 0.9):
            out, mask = np.zeros_like(whole), rng.random(whole.shape[:2]) < density
            conv.run(x, mask, out, threads=2)
            assert np.array_equal(out[mask], whole[mask])


def test_threads_share_positions_or_channels():
    """Large enough for shares; the second's are of channels, and the third has more shares than tiles."""
    rng = np.random.default_rng(4)
    for channels, size, kernel in ((32, 60, 3), (256, 14, 3), (400, 5, 1)):
        weights, margin = array(rng, channels, channels, kernel, kernel), kernel // 2
        conv = MaskedConv(weights, pads=(margin,) * 4, activation=SILU_CURVE)
        x = array(rng, size, size, channels)
        one, two = (np.zeros(conv.out_shape(x.shape), np.float32) for _ in range(2))
        mask = rng.random((size, size)) < 0.8
        conv.run(x, mask, one)
        conv.run(x, mask, two, threads=3)
        assert np.array_equal(one, two)


def test_reads_and_writes_slices_of_wider_arrays():
    rng = np.random.default_rng(5)
    weights = array(rng, 10, 6, 3, 3)
    conv = MaskedConv(weights, stride=(2, 2), pads=(1, 1, 1, 1))
    wide_in, wide_out = array(rng, 12, 11, 20), np.full((6, 6, 32), UNTOUCHED)
    mask = rng.random((6, 6)) < 0.6
    conv.run(wide_in[..., 3:9], mask, wide_out[..., 8:18], threads=2)
    dense = np.zeros((6, 6, 10), np.float32)
    conv.run(np.ascontiguousarray(wide_in[..., 3:9]), np.ones((6, 6), bool), dense)
    assert np.array_equal(wide_out[..., 8:18][mask], dense[mask])
    wide_out[..., 8:18] = UNTOUCHED
    assert (wide_out == UNTOUCHED).all()


def test_uint8_masks_and_shared_positions():
    rng = np.random.default_rng(6)
    conv = MaskedConv(array(rng, 5, 4, 1, 1))
    x, mask = array(rng, 9, 33, 4), (rng.random((9, 33)) < 0.5).astype(np.uint8) * 255
    by_mask, by_list = np.zeros((9, 33, 5), np.float32), np.zeros((9, 33, 5), np.float32)
    conv.run(x, mask, by_mask)
    conv.run_at(x, positions_of(mask), by_list)
    assert by_mask.any()
    assert np.array_equal(by_mask, by_list)


def test_a_nan_stays_where_its_window_is():
    x = np.ones((9, 9, 17), np.float32)
    x[4, 4, 3] = np.nan
    for activation in ACTIVATIONS:
        conv = MaskedConv(np.ones((20, 17, 3, 3), np.float32), pads=(1, 1, 1, 1), activation=activation)
        out = np.zeros((9, 9, 20), np.float32)
        conv.run(x, np.ones((9, 9), bool), out)
        lost = np.zeros((9, 9), bool)
        lost[3:6, 3:6] = True
        assert np.array_equal(np.isnan(out).all(2), lost)
        assert np.array_equal(np.isnan(out).any(2), lost)


@pytest.mark.parametrize(
    ("x", "mask", "out", "residual"),
    [
        ((8, 8, 3), (8, 8), (8, 8, 6), None),
        ((8, 8, 4), (8, 7), (8, 8, 6), None),
        ((8, 8, 4), (8, 8), (8, 8, 5), None),
        ((8, 8, 4), (8, 8), (8, 8, 6), (8, 8, 5)),
        ((1, 1, 4), (1, 1), (1, 1, 6), None),
    ],
)
def test_refuses_arrays_that_do_not_fit(x, mask, out, residual):
    pads = (1, 1, 1, 1) if x[0] > 1 else (0, 0, 0, 0)
    conv = MaskedConv(np.ones((6, 4, 3, 3), np.float32), pads=pads)
    add = None if residual is None else np.zeros(residual, np.float32)
    with pytest.raises(InputError):
        conv.run(np.zeros(x, np.float32), np.ones(mask, bool), np.zeros(out, np.float32), add)


def test_refuses_other_types_and_layouts():
    conv = MaskedConv(np.ones((6, 4, 1, 1), np.float32))
    x, out, mask = np.zeros((8, 8, 4), np.float32), np.zeros((8, 8, 6), np.float32), np.ones((8, 8), bool)
    conv.run(x, mask, out)
    with pytest.raises(InputError, match="float64"):
        conv.run(x.astype(float), mask, out)
    with pytest.raises(InputError, match="next to each other"):
        conv.run(np.asfortranarray(x), mask, out)


@pytest.mark.parametrize(
    ("shape", "groups", "bias"), [((6, 4, 3), 1, 6), ((6, 4, 3, 3), 4, 6), ((6, 4, 3, 3), 1, 5)]
)
def test_refuses_weights_that_make_no_layer(shape, groups, bias):
    with pytest.raises(InputError):
        MaskedConv(np.ones(shape, np.float32), np.ones(bias, np.float32), groups=groups)
