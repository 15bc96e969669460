"""Fused kernels against the slow oracle: the same codes, bytes and values, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evosplit.kernels import reference
from evosplit.kernels.affine import choose_affine
from evosplit.kernels.quantise import affine_for, fake_quantise, quantise_pack, unpack_dequantise, value_range
from evosplit.shared.errors import InputError
from evosplit.shared.wire import packed_size_bytes

ALL_BITS = (2, 3, 4, 5, 6, 7, 8, 16)
BITS = st.sampled_from(ALL_BITS)
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
PLAIN = st.floats(-10, 10, width=32)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)


def arrays(elements=FINITE):
    return hnp.arrays(np.float32, SHAPES, elements=elements)


@st.composite
def arrays_with_axis(draw):
    array = draw(arrays(draw(st.sampled_from([FINITE, PLAIN]))))
    axes = [None, *range(array.ndim)]
    return array, draw(st.sampled_from(axes))


def check_against_oracle(array, bits, axis, affine):
    codes = reference.quantise(array, affine, bits, axis)
    packed = quantise_pack(array, affine, bits, axis)
    assert packed.tobytes() == reference.pack(codes, bits)
    values = unpack_dequantise(packed, array.shape, affine, bits, axis)
    expected = reference.dequantise(codes, affine, axis)
    assert values.shape == array.shape
    assert values.tobytes() == np.ascontiguousarray(expected).tobytes()
    return values


@settings(max_examples=300, deadline=None)
@given(arrays_with_axis(), BITS)
def test_kernels_equal_the_oracle_on_own_range(array_axis, bits):
    array, axis = array_axis
    affine = affine_for(array, bits, None, None, axis)
    values = check_against_oracle(array, bits, axis, affine)
    fake = fake_quantise(array, bits, axis=axis)
    assert fake.tobytes() == values.tobytes()


@settings(max_examples=200, deadline=None)
@given(arrays(), BITS, FINITE, FINITE)
def test_kernels_equal_the_oracle_on_any_range(array, bits, one, other):
    low, high = min(one, other), max(one, other)
    affine = choose_affine(low, high, bits)
    values = check_against_oracle(array, bits, None, affine)
    assert fake_quantise(array, bits, low, high).tobytes() == values.tobytes()


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("size", [1, 7, 8, 2047, 2048, 2049, 4097, 10_001])
def test_block_borders(bits, size):
    array = np.random.default_rng(size).normal(size=size).astype(np.float32)
    check_against_oracle(array, bits, None, affine_for(array, bits, None, None, None))


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_channels_across_block_borders(bits, axis):
    array = np.random.default_rng(axis).normal(size=(13, 31, 17)).astype(np.float32)
    check_against_oracle(array, bits, axis, affine_for(array, bits, None, None, axis))


@settings(max_examples=200, deadline=None)
@given(arrays_with_axis(), BITS)
def test_error_is_at_most_half_a_scale_and_zero_is_exact(array_axis, bits):
    array, axis = array_axis
    affine = affine_for(array, bits, None, None, axis)
    decoded = fake_quantise(array, bits, axis=axis)
    assert (decoded[array == 0] == 0).all()
    shape = [-1 if axis == dimension else 1 for dimension in range(array.ndim)]
    scales = (affine.scales if axis is not None else affine.scales[0]).astype(np.float64)
    scales = np.asarray(scales).reshape(shape if axis is not None else ())
    # Ranges wider than float32 can step through are cut; elsewhere a few units in the last place are added.
    cut = np.abs(array.astype(np.float64)) > 2.0**126
    error = np.abs(decoded.astype(np.float64) - array)
    slack = 4 * np.finfo(np.float32).eps * np.abs(array.astype(np.float64))
    assert ((error <= scales * 0.5000001 + slack) | cut).all()


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize(
    "values",
    [
        [0.0, -0.0, 0.0],
        [5.0, 5.0, 5.0],
        [-3.0, -2.0, -1.0],
        [1e-45, 3e-45, -1e-44, 1e-39],
        [3.4028235e38, -3.4028235e38, 1.0],
        [3.4028235e38, -2e38, 0.0],
        [-3.4028235e38],
        [1e-20, 1e20, -1.0],
    ],
)
def test_hard_ranges(bits, values):
    array = np.array(values, np.float32)
    affine = affine_for(array, bits, None, None, None)
    decoded = check_against_oracle(array, bits, None, affine)
    assert np.isfinite(decoded).all()
    assert (decoded[array == 0] == 0).all()


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 5, 2048, 4999])
def test_not_finite_is_refused(bits, bad, place):
    array = np.ones(5000, np.float32)
    array[place] = bad
    affine = choose_affine(-1, 1, bits)
    with pytest.raises(InputError, match="NaN or infinity"):
        quantise_pack(array, affine, bits)
    with pytest.raises(InputError, match="NaN or infinity"):
        fake_quantise(array, bits, -1, 1)
    with pytest.raises(InputError, match="NaN or infinity"):
        fake_quantise(array, bits)


@settings(max_examples=200, deadline=None)
@given(arrays_with_axis())
def test_value_range_equals_numpy(array_axis):
    array, axis = array_axis
    low, high = value_range(array, axis)
    others = tuple(dimension for dimension in range(array.ndim) if dimension != axis)
    if axis is None:
        others = None
    assert (low == np.minimum(array.min(axis=others, initial=0), 0)).all()
    assert (high == np.maximum(array.max(axis=others, initial=0), 0)).all()


def test_layouts_and_dtypes_of_the_input_do_not_matter():
    array = np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32)
    affine = affine_for(array, 5, None, None, None)
    expected = quantise_pack(array, affine, 5).tobytes()
    frozen = array.copy()
    frozen.flags.writeable = False
    for same in (frozen, np.asfortranarray(array), array.astype(">f4"), array.astype(np.float64)):
        assert quantise_pack(same, affine, 5).tobytes() == expected
    assert (
        quantise_pack(array[::2, :, ::-1], affine, 5) == quantise_pack(array[::2, :, ::-1].copy(), affine, 5)
    ).all()


def test_ranges_given_per_channel():
    array = np.random.default_rng(0).normal(size=(3, 50)).astype(np.float32)
    low, high = array.min(axis=1), array.max(axis=1)
    assert (fake_quantise(array, 4, low, high, axis=0) == fake_quantise(array, 4, axis=0)).all()
    with pytest.raises(InputError, match="ranges do not fit"):
        fake_quantise(array, 4, low[:2], high[:2], axis=0)
    with pytest.raises(InputError, match="axis 2"):
        fake_quantise(array, 4, axis=2)


@pytest.mark.parametrize("bits", ALL_BITS)
def test_nothing_is_written_behind_the_end(bits):
    for size in range(1, 40):
        array = np.full(size, 7, np.float32)
        packed = quantise_pack(array, choose_affine(0, 7, bits), bits)
        assert packed.size == packed_size_bytes((size,), bits)
        assert packed.tobytes() == reference.pack(np.full(size, 2**bits - 1, np.uint16), bits)
