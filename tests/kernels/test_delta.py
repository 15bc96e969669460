"""Deltas of codes against the slow oracles, and lying deltas."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels import reference
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.delta import apply_delta, encode_delta, same_kind
from evosplit.kernels.encoding_steps import unwrapped
from evosplit.kernels.packing import pack, unpack
from evosplit.kernels.unpacked_codes import decode_whole, digest, encode_whole, to_codes
from evosplit.shared.errors import InputError, WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.wire_sizes import bitmap_bytes

BITS = st.sampled_from([2, 3, 4, 5, 6, 7, 8, 16])


def tensor_of(seed, shape, share=1.0, base=None):
    """Half-zero values in -1 .. 3; with ``base`` only a share of them is new."""
    rng = np.random.default_rng(seed)
    values = np.maximum(rng.uniform(-3, 3, shape), -1).astype(np.float32)
    return values if base is None else np.where(rng.random(shape) < share, values, base)


@st.composite
def pairs(draw):
    shape = tuple(draw(st.lists(st.integers(0, 9), max_size=4)))
    code = TensorCode(draw(BITS), -1.0, 3.0)
    base = tensor_of(draw(st.integers(0, 99)), shape)
    now = tensor_of(draw(st.integers(0, 99)), shape, draw(st.sampled_from([0.0, 0.02, 0.5, 1.0])), base)
    return to_codes("x", base, code), to_codes("x", now, code), draw(st.sampled_from([8, 16, 24, 64]))


@settings(max_examples=300, deadline=None)
@given(pairs(), st.sampled_from([None, "none"]))
def test_deltas_equal_the_oracle(given_pair, codec):
    base, now, block = given_pair
    encoded, settled = encode_delta(base, now, block, codec=codec)
    assert settled is now
    packed = unwrapped(encoded)
    border = bitmap_bytes(base.codes.size, block)
    flags = reference.changed_blocks(base.codes, now.codes, block)
    found = reference.differences(base.codes, now.codes, block, now.bits)
    assert packed[:border].tobytes() == np.packbits(flags, bitorder="little").tobytes()
    assert packed[border:].tobytes() == reference.pack(found, now.bits)
    restored = apply_delta(base, encoded, block)
    oracle = reference.apply_differences(base.codes, flags, found, block, now.bits)
    assert (restored.codes == oracle).all()
    assert (restored.codes == now.codes).all()


@settings(max_examples=200, deadline=None)
@given(pairs(), st.integers(0, 9))
def test_settling_equals_the_oracle_and_stays_within_the_threshold(given_pair, threshold):
    base, now, block = given_pair
    encoded, settled = encode_delta(base, now, block, threshold)
    assert (apply_delta(base, encoded, block).codes == settled.codes).all()
    assert (settled.codes == reference.settle(base.codes, now.codes, threshold, block)).all()
    assert np.abs(settled.codes.astype(int) - now.codes).max(initial=0) <= threshold


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 99), BITS, st.integers(0, 3), st.sampled_from([0.0, 0.02, 0.5, 1.0]))
def test_entropy_coded_deltas_give_the_same_codes(seed, bits, threshold, share):
    shape, code = (4, 20, 30), TensorCode(bits, -1.0, 3.0)
    before = tensor_of(seed, shape)
    base, now = (to_codes("x", each, code) for each in (before, tensor_of(seed + 1, shape, share, before)))
    encoded, settled = encode_delta(base, now, 8, threshold, "rans")
    usual, expected = encode_delta(base, now, 8, threshold)
    assert (settled.codes == expected.codes).all()
    assert (apply_delta(base, encoded, 8).codes == settled.codes).all()
    assert len(encoded.payload) <= len(usual.payload)


def test_smooth_changes_are_entropy_coded_and_their_length_is_checked():
    code, before = TensorCode(6, -1.0, 3.0), tensor_of(0, (4, 20, 30))
    now = before + np.random.default_rng(0).normal(size=before.shape).astype(np.float32) / 12
    base, later = to_codes("x", before, code), to_codes("x", now, code)
    encoded, _ = encode_delta(base, later, 8, codec="rans")
    assert encoded.codec == "rans-base"
    assert (apply_delta(base, encoded, 8).codes == later.codes).all()
    for change in ({"packed_bytes": encoded.packed_bytes - 1}, {"scheme": "raw-delta", "bits": 32}):
        with pytest.raises(WireError):
            apply_delta(base, dataclasses.replace(encoded, **change), 8)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 99), BITS, st.sampled_from(["float16", "float32", "float64"]), st.booleans())
def test_whole_tensors_are_those_of_the_plain_codec(seed, bits, dtype, has_range):
    array = tensor_of(seed, (2, 3, 7)).astype(dtype)
    code = TensorCode(bits, -0.5, 2.0) if has_range else TensorCode(bits)
    codes, plain = to_codes("x", array, code), encode_tensor("x", array, code)
    whole = encode_whole(codes)
    assert dataclasses.replace(whole, payload=b"") == dataclasses.replace(plain, payload=b"")
    assert bytes(whole.payload) == bytes(plain.payload)
    assert (codes.values() == decode_tensor(plain)).all()
    assert digest([decode_whole(whole)]) == digest([codes])
    assert (decode_whole(whole).values() == decode_tensor(plain)).all()


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, np.nan, -np.inf]], np.float32),
        np.arange(-5, 5),
        np.array([True, False, True]),
        np.array(7, np.uint16),
        np.zeros((0, 3), np.int8),
    ],
)
def test_tensors_that_travel_as_they_stand(array):
    base, now = (to_codes("x", value, TensorCode(32)) for value in (np.zeros_like(array), array))
    restored = apply_delta(base, encode_delta(base, now, 8, threshold=5)[0], 8)
    np.testing.assert_array_equal(restored.values(), array)
    np.testing.assert_array_equal(decode_whole(encode_whole(now)).values(), array)
    assert restored.values().dtype == array.dtype


def test_per_channel_scales_of_another_sender_stay_with_the_base():
    array = tensor_of(0, (2, 3, 5))
    base = decode_whole(encode_tensor("x", array, TensorCode(6), axis=1))
    now = dataclasses.replace(base, codes=base.codes ^ 1)
    restored = apply_delta(base, encode_delta(base, now, 8)[0], 8)
    assert (restored.codes == now.codes).all()
    assert restored.affine is base.affine


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 200), BITS, st.integers(0, 9))
def test_packing_alone(count, bits, seed):
    codes = (
        np.random.default_rng(seed).integers(0, 2**bits, count).astype(np.uint8 if bits <= 8 else np.uint16)
    )
    packed = pack(codes, bits)
    assert packed.tobytes() == reference.pack(codes.astype(np.uint16), bits)
    assert (unpack(packed, count, bits) == codes).all()


def test_unchanged_tensors_take_a_few_bytes():
    base = to_codes("x", tensor_of(0, (1, 64, 52, 52)), TensorCode(4))
    assert len(encode_delta(base, base, 8)[0].payload) < 100


def test_what_cannot_be_encoded():
    for array, code in [
        (np.array([np.nan], np.float32), TensorCode(4)),
        (np.zeros(2, np.complex64), TensorCode(4)),
        (np.zeros(2, np.float32), TensorCode(9)),
    ]:
        with pytest.raises(InputError):
            to_codes("x", array, code)


BASE = to_codes("x", tensor_of(0, (3, 7)), TensorCode(5, -1.0, 3.0))
NOW = to_codes("x", tensor_of(1, (3, 7)), TensorCode(5, -1.0, 3.0))
DELTA, _ = encode_delta(BASE, NOW, 8, codec="none")
PAYLOAD = bytes(DELTA.payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "y"},
        {"shape": (7, 3)},
        {"dtype": "float64"},
        {"bits": 4},
        {"scheme": "raw-delta", "bits": 32},
        {"payload": bytes([PAYLOAD[0] & 3]) + PAYLOAD[1:]},
        {"payload": bytes([PAYLOAD[0] | 8]) + PAYLOAD[1:]},
        {"payload": PAYLOAD[:-1] + bytes([PAYLOAD[-1] | 128])},
        {"payload": PAYLOAD[:-1], "packed_bytes": len(PAYLOAD) - 1},
        {"payload": b"", "packed_bytes": 0},
        {"payload": bytes(40), "packed_bytes": 40},
        {"codec": "zstd"},
    ],
)
def test_deltas_that_lie(changes):
    assert (apply_delta(BASE, DELTA, 8).codes == NOW.codes).all()
    with pytest.raises(WireError):
        apply_delta(BASE, dataclasses.replace(DELTA, **changes), 8)


def test_a_delta_is_no_tensor_by_itself():
    with pytest.raises(WireError, match="outside of a stream"):
        decode_tensor(DELTA)


def test_kinds():
    assert same_kind(BASE, NOW)
    assert not same_kind(BASE, to_codes("x", tensor_of(1, (3, 7)), TensorCode(5, -1.0, 4.0)))
    assert not same_kind(BASE, to_codes("x", tensor_of(1, (3, 7)), TensorCode(32)))
