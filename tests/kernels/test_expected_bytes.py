"""Expected bytes of coarser codes: by a slow count, and beside what a coder makes of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from evosplit.kernels.entropy_coding import encode_codes
from evosplit.kernels.expected_bytes import (
    CLASSES,
    coarser_counts,
    coarser_noise,
    expected_bytes,
    size_classes,
)

HISTOGRAMS = arrays.arrays(np.int64, st.integers(1, 300), elements=st.integers(0, 50))
FACTORS = np.array([1.0, 1.5, 2.0, 7.0, 300.0])


@given(HISTOGRAMS)
def test_counts_are_those_of_every_distance_by_itself(histogram: np.ndarray) -> None:
    slow = np.zeros((FACTORS.size, CLASSES), np.int64)
    noise = np.zeros(FACTORS.size)
    for row, factor in enumerate(FACTORS):
        for distance, count in enumerate(histogram):
            steps = round(distance / factor)
            slow[row, steps.bit_length()] += count
            noise[row] += count * (steps * factor - distance) ** 2
    np.testing.assert_array_equal(coarser_counts(histogram, FACTORS), slow)
    np.testing.assert_allclose(coarser_noise(histogram, FACTORS), noise)


@given(st.lists(st.integers(-70000, 70000), min_size=1, max_size=50))
def test_classes_are_bits_of_the_magnitude(distances: list[int]) -> None:
    wanted = [min(abs(distance).bit_length(), CLASSES - 1) for distance in distances]
    assert size_classes(np.array(distances)).tolist() == wanted


def test_bytes_are_entropy_and_extra_bits() -> None:
    counts = np.zeros((3, CLASSES), np.int64)
    counts[0, 0] = 1000  # always zero: nothing to tell
    counts[1, 3] = 80  # 4 to 7, either sign: 3 bits
    counts[2, :2] = 400  # a bit to say which, and a sign for half of them
    np.testing.assert_allclose(expected_bytes(counts), [0.0, 30.0, 800 / 8 + 400 / 8])


def test_a_coder_takes_about_as_much() -> None:
    """Codes without neighbours that tell of each other."""
    distances = np.rint(np.random.default_rng(0).laplace(0, 12, 40000)).astype(np.int64).clip(-127, 127)
    factors = np.array([1.0, 4.0, 16.0])
    expected = expected_bytes(coarser_counts(np.bincount(np.abs(distances)), factors))
    for factor, size in zip(factors, expected, strict=True):
        codes = (np.rint(distances / factor) + 128).astype(np.uint8)
        content = encode_codes(codes, (1, 4, 100, 100), 8, codes.size)
        assert content is not None
        assert math.isclose(len(content), size, rel_tol=0.05)
