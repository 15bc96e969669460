"""The coder of changes: without loss, as described, fewer bytes than differences, and no lie is believed."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from changes_oracle import Decoder
from hypothesis import given
from hypothesis import strategies as st

from evosplit.kernels.entropy_coding import decode_changes, encode_changes, encode_codes
from evosplit.shared.errors import WireError
from tests.mutations import mutated

ROOMY = 10**8
SHAPES = (
    *((1,), (7,), (3, 1), (1, 5, 9), (1, 8, 12, 16), (1, 1, 64, 128), (1, 3, 60, 50), (9000,)),
    *((6, 37, 41), (1, 2, 97, 89)),
)


def video(shape, bits, moved, seed=0):
    """Two frames of codes: textured planes, of which the same places change in all, by a step or many."""
    rng = np.random.default_rng(seed)
    top = 2**bits - 1
    base = np.clip(rng.laplace(top / 3, top / 12, shape), 0, top)
    where = rng.random(shape[-1:]) < moved
    now = np.clip(base + where * rng.laplace(0, top / 20, shape), 0, top)
    return (np.rint(each).astype(np.uint8).reshape(-1) for each in (base, now))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("bits", "moved"), [(2, 0.5), (4, 0.0), (5, 0.2), (8, 0.3), (8, 1.0)])
def test_codes_come_back_and_a_slow_decoder_agrees(shape, bits, moved):
    base, now = video(shape, bits, moved)
    payload = encode_changes(base, now, shape, bits, ROOMY)
    assert payload is not None
    np.testing.assert_array_equal(decode_changes(payload, base, shape, bits), now)
    if now.size <= 9_100 and bits in (2, 8):
        assert Decoder(payload, base.tolist(), shape, bits)() == now.tolist()


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.integers(2, 8),
    st.integers(0, 2**32 - 1),
    st.floats(0.0, 1.0),
)
def test_any_codes_come_back(shape, bits, seed, share):
    rng = np.random.default_rng(seed)
    base, other = rng.integers(0, 2**bits, (2, int(np.prod(shape)))).astype(np.uint8)
    now = np.where(rng.random(base.size) < share, other, base)
    payload = encode_changes(base, now, shape, bits, ROOMY)
    assert payload is not None
    np.testing.assert_array_equal(decode_changes(payload, base, shape, bits), now)


def test_what_is_unchanged_takes_next_to_nothing():
    base, _ = video((16, 52, 52), 8, 0.0)
    payload = encode_changes(base, base, (16, 52, 52), 8, ROOMY)
    assert payload is not None
    assert len(payload) == 1 + 16


def test_planes_tell_where_other_planes_changed():
    """A region that moves in all planes, whose differences say nothing of each other."""
    rng = np.random.default_rng(1)
    where = np.zeros((64, 64), bool)
    where[20:36, 8:50] = True
    base = rng.integers(90, 110, (16, 64, 64)).astype(np.uint8)
    now = base + (where * rng.integers(-8, 9, base.shape)).astype(np.uint8)
    payload = encode_changes(base.reshape(-1), now.reshape(-1), base.shape, 8, ROOMY)
    apart = encode_codes((now - base + np.uint8(128)).reshape(-1), base.shape, 8, ROOMY)
    assert payload is not None
    assert apart is not None
    assert len(payload) < 0.97 * len(apart)


def test_what_cannot_be_coded():
    nothing, wide = np.empty(0, np.uint8), np.zeros(4, np.uint16)
    assert encode_changes(nothing, nothing, (0, 4), 4, ROOMY) is None
    assert encode_changes(wide, wide, (4,), 16, ROOMY) is None
    base, now = video((4, 20, 20), 4, 1.0)
    assert encode_changes(base, now, (4, 20, 20), 4, 40) is None


SHAPE = (5, 44, 45)
BASE, NOW = video(SHAPE, 4, 0.6)
GOOD = encode_changes(BASE, NOW, SHAPE, 4, ROOMY) or b""


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        GOOD[:1],
        GOOD[:16],
        GOOD[:-1],
        GOOD[:-2],
        GOOD + b"\0\0",
        b"\0" + GOOD[1:],
        b"\x19" + GOOD[1:],
        GOOD[:1] + b"\0\0\0\0" + GOOD[5:],
        GOOD[:17],
    ],
)
def test_payloads_that_lie(payload):
    with pytest.raises(WireError):
        decode_changes(payload, BASE, SHAPE, 4)


def test_mutated_payloads_end_within_memory():
    rng = np.random.default_rng(5)
    cases = []
    for shape in ((4, 48, 45), (3, 7, 5), (300,)):
        for bits in (2, 4, 8):
            base, now = video(shape, bits, 0.5)
            cases.append((base, shape, bits, encode_changes(base, now, shape, bits, ROOMY) or b""))
    for base, shape, bits, payload in cases:
        decode_changes(payload, base, shape, bits)
    tracemalloc.start()
    refusals = 0
    for turn in range(2000):
        base, shape, bits, payload = cases[turn % len(cases)]
        try:
            codes = decode_changes(mutated(rng, payload), base, shape, bits)
            assert codes.size == base.size
            assert codes.max() < 2**bits
        except WireError:
            refusals += 1
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    assert refusals > 1600
