"""The oracle itself, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evosplit.kernels import reference
from evosplit.kernels.affine import Affine, choose_affine

ONE = Affine(np.array([1], np.float32), np.array([2], np.float32))


def test_ties_go_to_even():
    values = np.array([-2, -1.5, -0.5, 0.5, 1.5, 2.5, 99, -99], np.float32)
    assert reference.quantise(values, ONE, 3).tolist() == [0, 0, 2, 2, 4, 4, 7, 0]


def test_dense_little_endian_bits():
    codes = np.array([1, 2, 3, 4, 5, 6, 7, 0, 1], np.uint16)
    # 001 010 011 100 101 110 111 000 from the lowest bit upwards.
    assert reference.pack(codes, 3) == bytes([0b11010001, 0b01011000, 0b00011111, 0b001])
    assert reference.unpack(reference.pack(codes, 3), 3, (9,)).tolist() == codes.tolist()


def test_choose_affine_by_hand():
    affine = choose_affine(-1.0, 2.0, 2)
    assert (affine.scales.tolist(), affine.zeros.tolist()) == ([1.0], [1.0])
    affine = choose_affine(5.0, 10.0, 8)
    assert affine.zeros.tolist() == [0.0]
    assert affine.scales[0] == pytest.approx(10 / 255)
    affine = choose_affine(0.0, 0.0, 4)
    assert (affine.scales.tolist(), affine.zeros.tolist()) == ([1.0], [0.0])
