"""The entropy coder: without loss, near the entropy, the format as described, and no lie is believed."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rans_oracle import Decoder

from evosplit.kernels.entropy_coding import decode_codes, encode_codes
from evosplit.kernels.entropy_coding.contexts import LEVEL_TABLE, OFFSET, UNREST_TABLE
from evosplit.kernels.entropy_coding.encode import row_contexts
from evosplit.kernels.entropy_coding.layout import layout_of
from evosplit.shared.errors import WireError
from tests.mutations import mutated

ROOMY = 10**8
SHAPES = (
    *((1,), (7,), (3, 1), (1, 5, 9), (1, 1, 64, 128), (1, 3, 60, 50), (1, 4, 64, 32)),
    *((6, 37, 41), (9000,), (1, 2, 97, 89), (2, 3, 8, 171)),
)


def laplace(shape, bits, spread, seed=0, zero=None):
    """Smoothed two-sided values as codes, so that neighbours tell of each other."""
    values = np.random.default_rng(seed).laplace(size=shape) * spread
    values = (values + np.roll(values, 1, -1)) / 2
    centre = 2 ** (bits - 1) if zero is None else zero
    return np.clip(np.rint(values) + centre, 0, 2**bits - 1).astype(np.uint8).reshape(-1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("bits", "spread"), [(2, 0.4), (3, 1.0), (4, 0.3), (5, 6.0), (8, 1.0), (8, 60.0)])
def test_codes_come_back_and_a_slow_decoder_agrees(shape, bits, spread):
    codes = laplace(shape, bits, spread)
    payload = encode_codes(codes, shape, bits, ROOMY)
    assert payload is not None
    np.testing.assert_array_equal(decode_codes(payload, shape, bits), codes)
    if codes.size <= 10_000:
        assert Decoder(payload, shape, bits)() == codes.tolist()


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.integers(2, 8),
    st.integers(0, 2**32 - 1),
    st.floats(0.0, 100.0),
    st.integers(0, 255),
)
def test_any_codes_come_back(shape, bits, seed, spread, zero):
    codes = laplace(shape, bits, spread, seed, zero % 2**bits)
    payload = encode_codes(codes, shape, bits, ROOMY)
    assert payload is not None
    np.testing.assert_array_equal(decode_codes(payload, shape, bits), codes)


@pytest.mark.parametrize("zero", [0, 8, 15])
def test_uniform_codes_cost_their_bits_and_are_left_alone(zero):
    codes = np.random.default_rng(1).integers(0, 16, 40_000).astype(np.uint8)
    codes[:100] = zero
    payload = encode_codes(codes, (4, 100, 100), 4, ROOMY)
    assert payload is not None
    assert len(payload) < 1.02 * 20_000
    assert encode_codes(codes, (4, 100, 100), 4, 20_000) is None


@pytest.mark.parametrize("spread", [0.3, 0.6, 1.2])
def test_within_two_percent_of_the_entropy(spread):
    """Of codes that tell nothing of each other, whose conditional entropy is that of a single one."""
    values = np.random.default_rng(2).laplace(size=(64, 40, 40)) * spread
    codes = np.clip(np.rint(values) + 8, 0, 15).astype(np.uint8).reshape(-1)
    shares = np.bincount(codes) / codes.size
    shares = shares[shares > 0]
    ideal_bytes = -(shares * np.log2(shares)).sum() * codes.size / 8
    payload = encode_codes(codes, values.shape, 4, ROOMY)
    assert payload is not None
    assert len(payload) <= 1.02 * ideal_bytes


def test_neighbours_are_made_use_of():
    blocks = np.random.default_rng(3).integers(6, 11, (16, 4, 4)).repeat(8, 1).repeat(8, 2).astype(np.uint8)
    payload = encode_codes(blocks.reshape(-1), blocks.shape, 4, ROOMY)
    assert payload is not None
    assert len(payload) < 0.3 * blocks.size / 2


def test_codes_of_one_kind_cost_nothing():
    codes = np.full(100_000, 3, np.uint8)
    payload = encode_codes(codes, (10, 100, 100), 4, ROOMY)
    assert payload is not None
    assert len(payload) == 3 + 16
    np.testing.assert_array_equal(decode_codes(payload, (10, 100, 100), 4), codes)


def test_what_cannot_be_coded():
    assert encode_codes(np.empty(0, np.uint8), (0, 4), 4, ROOMY) is None
    assert encode_codes(np.zeros(4, np.uint16), (4,), 16, ROOMY) is None


def test_contexts_of_sender_and_receiver_are_the_same():
    rng = np.random.default_rng(4)
    for _ in range(50):
        here, above = (rng.integers(-15, 16, 66).astype(np.int16) for _ in range(2))
        found = np.empty(64, np.uint16)
        row_contexts(here, above, found)
        left, up_left, up, up_right = (
            each.astype(int) for each in (here[:-2], above[:-2], above[1:-1], above[2:])
        )
        level = LEVEL_TABLE[3 * (left + up) - 2 * up_left + up_right + OFFSET]
        unrest = UNREST_TABLE[abs(left - up_left) + abs(up - up_left) + abs(up_right - up)]
        np.testing.assert_array_equal(found, level + unrest)


@pytest.mark.parametrize(("shape", "layout"), [
    ((48, 13, 13), (48, 13, 13, 1)), ((1, 96, 14, 14), (96, 14, 14, 4)), ((1, 1, 224, 224), (4, 56, 224, 4)),
    ((1, 65, 192), (65, 1, 192, 4)), ((10_000,), (4, 1, 2500, 4)), ((10_001,), (1, 1, 10_001, 1)),
])  # fmt: skip
def test_layouts(shape, layout):
    assert layout_of(shape) == layout


SHAPE = (5, 45, 45)
CODES = laplace(SHAPE, 4, 1.0)
GOOD = encode_codes(CODES, SHAPE, 4, ROOMY) or b""


def refused(payload, shape=SHAPE, bits=4):
    with pytest.raises(WireError):
        decode_codes(payload, shape, bits)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        GOOD[:2],
        GOOD[:18],
        GOOD[:-1],
        GOOD[:-2],
        GOOD + b"\0\0",
        b"\x10" + GOOD[1:],
        GOOD[:1] + b"\0" + GOOD[2:],
        GOOD[:1] + b"\x19" + GOOD[2:],
        GOOD[:2] + b"\x09" + GOOD[3:],
        GOOD[:3] + b"\0\0\0\0" + GOOD[7:],
        GOOD[:19],
    ],
)
def test_payloads_that_lie(payload):
    refused(payload)


def test_another_shape_is_a_lie():
    refused(GOOD, (5, 45, 44))
    refused(GOOD, (5, 45, 46))
    refused(GOOD, (0, 45, 46))
    refused(GOOD, (2**13, 2**13))


def test_mutated_payloads_end_in_time_and_within_memory():
    """Whatever arrives: codes in range or a WireError, without a large allocation, in the usual time."""
    rng = np.random.default_rng(5)
    shapes = [(5, 45, 45), (3, 7, 5), (300,)]
    known = [(shape, bits, encode_codes(laplace(shape, bits, 2.0**bits / 8), shape, bits, ROOMY) or b"")
             for shape in shapes for bits in (2, 4, 8)]  # fmt: skip
    for shape, bits, payload in known:
        decode_codes(payload, shape, bits)
    tracemalloc.start()
    started_s, refusals = time.perf_counter(), 0
    for turn in range(3000):
        shape, bits, payload = known[turn % len(known)]
        try:
            codes = decode_codes(mutated(rng, payload), shape, bits)
            assert codes.size == np.prod(shape)
            assert codes.max() < 2**bits
        except WireError:
            refusals += 1
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    assert refusals > 2500
    assert time.perf_counter() - started_s < 60
