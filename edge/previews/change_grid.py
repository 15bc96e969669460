"""Change mask of a frame for a page: which blocks of the network's input were computed anew, packed as text.

``COLUMNSxROWS;left,top,right,bottom;BASE64``: the shares of the network's input in which the picture lies,
and one bit a block, row by row, the most significant first. At most 4.3 kB.
"""

from __future__ import annotations

import base64
from typing import Final

import numpy as np
from numpy.typing import NDArray

CHANGES: Final = "X-Evosplit-Changes"
"""Header of a picture."""
MOST_SIDE: Final = 160
"""Blocks a side; of finer grids several blocks become one, which changed where one of them did."""


def packed_changes(changes: NDArray[np.bool_], placed: tuple[float, float, float, float]) -> str:
    """The text of a grid (rows, columns)."""
    grid = _coarse(changes)
    rows, columns = grid.shape
    shares = ",".join(f"{side:.6g}" for side in placed)
    return f"{columns}x{rows};{shares};{base64.b64encode(np.packbits(grid).tobytes()).decode()}"


def _coarse(changes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    step = -(-max(changes.shape) // MOST_SIDE)
    if step == 1:
        return changes
    rows, columns = (-(-side // step) for side in changes.shape)
    padded = np.zeros((rows * step, columns * step), bool)
    padded[: changes.shape[0], : changes.shape[1]] = changes
    return np.asarray(padded.reshape(rows, step, columns, step).any(axis=(1, 3)), np.bool_)
