"""Approximations of codes: which blocks are furthest off, some of them brought up to date, and multiples."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.nearer_codes import furthest, multiples, squared_distance, with_blocks
from evosplit.kernels.unpacked_codes import Codes, to_codes
from evosplit.shared.plan import TensorCode

BITS = st.sampled_from([2, 5, 8, 16])


def codes_of(seed: int, count: int, bits: int) -> Codes:
    values = np.random.default_rng(seed).uniform(-1, 3, count).astype(np.float32)
    return to_codes("x", values, TensorCode(bits, -1.0, 3.0))


@settings(deadline=None)
@given(st.integers(1, 60), BITS, st.sampled_from([8, 16]), st.integers(0, 99))
def test_blocks_are_measured_and_taken(count: int, bits: int, block: int, seed: int) -> None:
    base, now = codes_of(seed, count, bits), codes_of(seed + 1, count, bits)
    far = furthest(base, now, block)
    for index, distance in enumerate(far):
        span = slice(index * block, (index + 1) * block)
        assert distance == max(
            abs(int(a) - int(b)) for a, b in zip(base.codes[span], now.codes[span], strict=True)
        )
    chosen = far >= np.median(far)
    some = with_blocks(base, now, chosen, block)
    assert (furthest(some, now, block) == np.where(chosen, 0, far)).all()
    assert squared_distance(some, now) <= squared_distance(base, now)
    assert squared_distance(now, now) == 0


@settings(deadline=None)
@given(st.integers(1, 60), BITS, st.integers(1, 40))
def test_multiples_are_near_and_keep_zero(count: int, bits: int, apart: int) -> None:
    codes = codes_of(0, count, bits)
    assert codes.affine is not None
    coarse, zero = multiples(codes, apart), int(codes.affine.zeros[0])
    assert abs(coarse.codes.astype(int) - codes.codes).max() <= apart // 2
    inside = (coarse.codes > 0) & (coarse.codes < 2**bits - 1)
    assert not ((coarse.codes[inside].astype(int) - zero) % apart).any()
    assert (coarse.codes[codes.codes == zero] == zero).all()
    assert coarse.codes.dtype == codes.codes.dtype


def test_what_is_not_quantised_has_no_multiples() -> None:
    whole = to_codes("x", np.arange(5), TensorCode(32))
    assert multiples(whole, 3) is whole
