"""Change masks as text for a page: bits in order, and fine grids made coarser without losing a change."""

from __future__ import annotations

import base64

import numpy as np

from evosplit.edge.previews.change_grid import MOST_SIDE, packed_changes

WHOLE = (0.0, 0.0, 1.0, 1.0)


def test_bits_go_row_by_row() -> None:
    grid = np.zeros((2, 5), bool)
    grid[0, 0] = grid[1, 4] = True
    size, placed, packed = packed_changes(grid, (0.0, 0.0, 1.0, 0.75)).split(";")
    assert (size, placed) == ("5x2", "0,0,1,0.75")
    assert base64.b64decode(packed) == bytes([0b10000000, 0b01000000])


def test_a_fine_grid_becomes_coarser_and_keeps_each_change() -> None:
    grid = np.zeros((200, 330), bool)
    grid[199, 329] = True
    size, _, packed = packed_changes(grid, WHOLE).split(";")
    assert size == "110x67"
    bits = np.unpackbits(np.frombuffer(base64.b64decode(packed), np.uint8))[: 110 * 67].reshape(67, 110)
    assert np.argwhere(bits).tolist() == [[66, 109]]
    assert len(packed_changes(np.ones((5000, 5000), bool), WHOLE)) < 4 * (MOST_SIDE**2 // 8 + 2) // 3 + 40
