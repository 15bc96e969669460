"""Rate-distortion optimised quantisation: its decisions against a slow one, fewer bits, and bounded noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rans_oracle import assumed, folded, layout, token_of

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.entropy_coding.rate_distortion import economical_codes
from evosplit.kernels.entropy_coding.statistics import centre_of, histogram_of, shift_of
from evosplit.kernels.entropy_coding.tokens import TABLE
from evosplit.shared.errors import InputError
from evosplit.shared.plan import TensorCode


def nearest(scaled, zero, bits):
    return np.clip(np.rint(scaled) + zero, 0, 2**bits - 1).astype(np.uint8)


def level_of(value, borders):
    return sum(value >= border for border in borders)


class Oracle:
    """The decisions in plain Python: `counted` over the codes as they are, then greedy from these counts."""

    def __init__(self, codes, shape, bits):
        self.top, histogram = 2**bits - 1, histogram_of(codes)
        self.centre = centre_of(histogram)
        self.shift = shift_of(histogram, self.centre)
        self.shape = layout(shape)[:3]
        self.counts = np.array(assumed(self.centre, bits, self.shift), float)
        planes = codes.reshape(self.shape).astype(int).copy()
        for place in np.ndindex(self.shape):
            context, reference = self.context(planes, place)
            self.counts[context, token_of(folded(int(planes[place]), reference, self.top))] += 32
        counts = np.maximum(self.counts, 1)
        self.bits = np.log2(counts.sum(1, keepdims=True)) - np.log2(counts) + TABLE.extra_bits

    def near(self, planes, plane, row, col):
        if row < 0 or not 0 <= col < planes.shape[2]:
            return 0
        distance = int(planes[plane, row, col]) - self.centre
        return int(math.copysign(min(abs(distance) >> self.shift, 15), distance))

    def context(self, planes, place):
        plane, row, col = place
        left, up_left, up, up_right = (
            self.near(planes, plane, row + down, col + right)
            for down, right in ((0, -1), (-1, -1), (-1, 0), (-1, 1))
        )
        prediction = 3 * (left + up) - 2 * up_left + up_right
        unrest = level_of(abs(left - up_left) + abs(up - up_left) + abs(up_right - up), (1, 2, 5))
        level = level_of(abs(prediction), (1, 3, 5, 8, 13)) * (1 if prediction > 0 else -1)
        alike = int(planes[plane, row, col - 1]) if col else self.centre
        return 4 * (level + 5) + unrest, self.centre if unrest else alike

    def __call__(self, scaled, zero, codes, multiplier):
        planes, values = codes.reshape(self.shape).astype(int).copy(), scaled.reshape(self.shape)
        for place in np.ndindex(self.shape):
            context, reference = self.context(planes, place)
            code, value = int(planes[place]), float(values[place])
            fewer = code - int(np.sign(code - zero))
            if abs(code - zero) > abs(value):
                saved = self.cost(context, reference, code) - self.cost(context, reference, fewer)
                if (value - fewer + zero) ** 2 - (value - code + zero) ** 2 < multiplier * saved:
                    planes[place] = fewer
        return planes.reshape(-1)

    def cost(self, context, reference, code):
        return self.bits[context, token_of(folded(code, reference, self.top))]


@settings(deadline=None)  # the first example compiles
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.integers(2, 6),
    st.integers(0, 2**32 - 1),
    st.floats(0.3, 6.0),
    st.sampled_from([0.03, 0.1155, 0.5]),
)
def test_decisions_are_those_of_a_slow_search(shape, bits, seed, spread, multiplier):
    rng = np.random.default_rng(seed)
    zero = int(rng.integers(0, 2**bits))
    scaled = (rng.laplace(size=math.prod(shape)) * spread).astype(np.float32)
    codes = nearest(scaled, zero, bits)
    chosen = economical_codes(scaled, zero, codes, shape, bits, multiplier)
    expected = Oracle(codes, shape, bits)(scaled, zero, codes, multiplier)
    assert (chosen != expected).mean() <= 0.02, "a tie in float32, and what follows from it"


@pytest.mark.parametrize("spread", [0.4, 0.7, 1.0])
def test_fewer_bytes_at_equal_noise(spread):
    """Against rounding to nearest in larger steps: fewer bytes for the same squared error."""
    rng = np.random.default_rng(0)
    values = rng.laplace(size=(1, 24, 24, 24)).astype(np.float32) * np.float32(spread)
    size, noise = sent(values, 1.0, 0.1155)
    for step in np.linspace(1.0, 2.0, 41):
        larger_size, larger_noise = sent(values, step, None)
        if larger_noise > noise:
            break
        assert size < larger_size
    assert size < 0.97 * sent(values, 1.0, None)[0]


def sent(values, step, multiplier):
    code = TensorCode(6, -32.0 * step, 31.0 * step, "rans", multiplier)
    tensor = encode_tensor("x", values, code)
    assert tensor.codec == "rans"
    return len(tensor.payload), float(np.mean((decode_tensor(tensor) - values) ** 2))


def test_nothing_moves_for_nothing_and_never_beyond_zero():
    rng = np.random.default_rng(1)
    scaled = (rng.laplace(size=600) * 3).astype(np.float32)
    codes = nearest(scaled, 20, 6)
    before = codes.copy()
    np.testing.assert_array_equal(economical_codes(scaled, 20, codes, (6, 10, 10), 6, 0.0), codes)
    chosen = economical_codes(scaled, 20, codes, (6, 10, 10), 6, 1e9)
    np.testing.assert_array_equal(codes, before)
    distance, was = chosen.astype(int) - 20, codes.astype(int) - 20
    assert (abs(distance) <= abs(was)).all()
    assert (abs(distance - scaled) < 1).all()
    assert (distance * was >= 0).all()


@pytest.mark.parametrize("values", [[], [0.0], [3e38, -3e38, 1.0], [1e-40, 0.0]])
def test_odd_tensors(values):
    array = np.array(values, np.float32)
    code = TensorCode(4, -1.0, 2.0, "rans", 0.1155)
    tensor = encode_tensor("x", array, code)
    assert decode_tensor(tensor).shape == array.shape


@pytest.mark.parametrize("multiplier", [-1.0, math.nan, math.inf])
def test_a_multiplier_that_is_none(multiplier):
    with pytest.raises(InputError, match="Lagrange"):
        encode_tensor("x", np.ones(3, np.float32), TensorCode(4, 0.0, 1.0, "rans", multiplier))


def test_scales_by_channel_stay_rounded_to_nearest():
    values = np.random.default_rng(2).normal(size=(1, 4, 8, 8)).astype(np.float32)
    tensors = [encode_tensor("x", values, TensorCode(4, codec="rans", lagrange_multiplier=each), 1)
               for each in (None, 0.1155)]  # fmt: skip
    assert tensors[0] == tensors[1]
