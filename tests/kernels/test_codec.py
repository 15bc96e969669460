"""Arrays to encoded tensors and back, and the lies that decoding must find."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evosplit.kernels.codec import decode_tensor, encode_tensor, measure_codec, measure_packing
from evosplit.kernels.quantise import fake_quantise
from evosplit.shared.errors import InputError, WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.frame import AFFINE_BITS, DTYPES

RELU = np.maximum(np.random.default_rng(0).normal(size=(1, 8, 20, 20)), 0).astype(np.float32)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7)
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(np.float32, SHAPES, elements=FINITE), st.sampled_from(AFFINE_BITS))
def test_round_trip_is_fake_quantise(array, bits):
    decoded = decode_tensor(encode_tensor("x", array, TensorCode(bits)))
    assert decoded.dtype == np.float32
    assert decoded.shape == array.shape
    assert decoded.tobytes() == fake_quantise(array, bits).tobytes()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(DTYPES).flatmap(lambda name: hnp.arrays(name, SHAPES)), st.sampled_from((32, 4)))
def test_raw_round_trip_is_exact(array, bits):
    if array.dtype.kind == "f":
        bits = 32
    tensor = encode_tensor("x", array, TensorCode(bits))
    decoded = decode_tensor(tensor)
    assert tensor.scheme == "raw"
    assert (decoded.dtype, decoded.shape) == (array.dtype, array.shape)
    assert decoded.tobytes() == array.tobytes()
    assert decoded.flags.writeable


@pytest.mark.parametrize("bits", AFFINE_BITS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_float_dtypes_come_back(bits, dtype):
    array = np.array([-65504, 0, 1, 65504], dtype)
    decoded = decode_tensor(encode_tensor("x", array, TensorCode(bits)))
    assert decoded.dtype == array.dtype
    assert np.isfinite(decoded).all()
    assert decoded[1] == 0


def test_range_of_the_code_is_used():
    tensor = encode_tensor("x", RELU, TensorCode(8, 0.0, 2.55))
    assert tensor.scales == (pytest.approx(0.01),)
    assert decode_tensor(tensor).max() == pytest.approx(2.55)


def test_per_channel_axis():
    tensor = encode_tensor("w", RELU, TensorCode(3), axis=1)
    assert len(tensor.scales) == len(tensor.zero_points) == 8
    assert (decode_tensor(tensor) == fake_quantise(RELU, 3, axis=1)).all()


def test_zstd_only_where_it_gains():
    noise = np.random.default_rng(1).uniform(size=20_000).astype(np.float32)
    assert encode_tensor("x", noise, TensorCode(8)).codec == "none"
    relu = encode_tensor("x", RELU, TensorCode(4))
    assert relu.codec == "zstd"
    assert len(relu.payload) < relu.packed_bytes == RELU.size // 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("code", [TensorCode(4), TensorCode(4, -1.0, 1.0), TensorCode(16)])
def test_not_finite_names_the_tensor(bad, code):
    with pytest.raises(InputError, match="'act7': NaN or infinity"):
        encode_tensor("act7", np.array([1, bad], np.float32), code)


def test_not_finite_travels_raw():
    array = np.array([np.nan, -np.inf], np.float32)
    assert decode_tensor(encode_tensor("mask", array, TensorCode(32))).tobytes() == array.tobytes()


def test_float64_beyond_float32_is_refused():
    with pytest.raises(InputError, match="NaN or infinity"):
        encode_tensor("x", np.array([1e300]), TensorCode(8))


@pytest.mark.parametrize("bits", [0, 1, 9, 15, 17, 64])
def test_unknown_bits(bits):
    with pytest.raises(InputError, match="bits"):
        encode_tensor("x", RELU, TensorCode(bits))


def test_unknown_dtype_and_axis():
    with pytest.raises(InputError, match="complex64"):
        encode_tensor("x", RELU.astype(np.complex64), TensorCode(32))
    with pytest.raises(InputError, match="axis 4"):
        encode_tensor("x", RELU, TensorCode(4), axis=4)


NOISE = np.random.default_rng(2).uniform(size=(5, 9)).astype(np.float32)
PLAIN = encode_tensor("x", NOISE, TensorCode(3))
SQUEEZED = encode_tensor("x", RELU, TensorCode(4))
FLAGS = encode_tensor("x", np.array([True, False]), TensorCode(32))


@pytest.mark.parametrize(
    ("tensor", "changes"),
    [
        (PLAIN, {"shape": (5, 10)}),
        (PLAIN, {"shape": (5, -9)}),
        (PLAIN, {"shape": (2**40, 9)}),
        (PLAIN, {"bits": 4}),
        (PLAIN, {"bits": 9}),
        (PLAIN, {"axis": 0}),
        (PLAIN, {"axis": 7}),
        (PLAIN, {"scales": (float("nan"),)}),
        (PLAIN, {"scales": (float("inf"),)}),
        (PLAIN, {"scales": (0.0,)}),
        (PLAIN, {"scales": (3e38,)}),
        (PLAIN, {"scales": ()}),
        (PLAIN, {"zero_points": (8,)}),
        (PLAIN, {"zero_points": (-1,)}),
        (PLAIN, {"dtype": "int32"}),
        (PLAIN, {"dtype": "object"}),
        (PLAIN, {"scheme": "cubic"}),
        (PLAIN, {"codec": "zip"}),
        (PLAIN, {"payload": bytes(PLAIN.payload)[:-1]}),
        (PLAIN, {"payload": bytes(PLAIN.payload)[:-1] + b"\xff"}),
        (PLAIN, {"packed_bytes": 18}),
        (SQUEEZED, {"codec": "none"}),
        (SQUEEZED, {"payload": b"not zstd"}),
        (SQUEEZED, {"payload": SQUEEZED.payload[:-1]}),
        (SQUEEZED, {"payload": bytes(SQUEEZED.payload) + b"more"}),
        (SQUEEZED, {"payload": zstandard.compress(bytes(1601))}),
        (SQUEEZED, {"payload": zstandard.compress(bytes(2**26))}),
        (SQUEEZED, {"payload": zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1600))}),
        (FLAGS, {"payload": b"\x01\x02"}),
        (FLAGS, {"bits": 1}),
        (FLAGS, {"scales": (1.0,), "zero_points": (0,)}),
    ],
)
def test_lies_end_in_wire_errors(tensor, changes):
    with pytest.raises(WireError):
        decode_tensor(dataclasses.replace(tensor, **changes))


def test_max_elements_bounds_decoding():
    with pytest.raises(WireError, match="limit of 10"):
        decode_tensor(PLAIN, max_elements=10)


def test_measure_packing_is_positive():
    assert 0 < measure_packing() < 1


def test_measure_codec_is_positive():
    encode_s, decode_s = measure_codec()
    assert 0 < encode_s < 1e-6
    assert 0 < decode_s < 1e-6


def test_a_plan_may_do_without_the_codec() -> None:
    array = np.zeros((4, 100), np.float32)
    usual, plain = (encode_tensor("x", array, TensorCode(4, codec=codec)) for codec in (None, "none"))
    assert (usual.codec, plain.codec) == ("zstd", "none")
    assert len(plain.payload) == plain.packed_bytes
    np.testing.assert_array_equal(decode_tensor(plain), array)
    with pytest.raises(InputError, match="cannot travel as png"):
        encode_tensor("x", array, TensorCode(8, codec="png"))
