"""Motion gate (frame differencing): pictures that differ from the last one that was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.errors import InputError
from evosplit.shared.input_picture import PictureContent
from evosplit.shared.pictures import PlanarPicture, decode_picture

_SAMPLES: Final = 160
"""About so many pixels of a row are looked at."""
_CELL: Final = 5
"""Means over squares of them: a sensor's noise is gone, a person at the far end of a yard is not."""
_LEVELS: Final = 8.0
"""A cell has changed if it is brighter or darker by more, of 255."""
_GREEN: Final = 1


@dataclass(frozen=True, eq=False)
class MotionGate:
    """Passes a picture where more than ``share`` of its cells differ from those ``taken`` last; None: each.

    Compared with what was taken, not with the picture before, so that what creeps is seen as well.
    """

    share: float | None
    taken: NDArray[np.float32] | None = None

    def cells(self, content: PictureContent) -> NDArray[np.float32] | None:
        """Mean brightness (rows, columns) float32 of a picture; None where all pass, or it cannot be read."""
        if self.share is None:
            return None
        try:
            pixels = decode_picture(content) if isinstance(content, bytes) else content
        except InputError:  # whoever takes it says what is wrong with it
            return None
        step = max(1, pixels.shape[1] // _SAMPLES)
        few = pixels.sampled(step) if isinstance(pixels, PlanarPicture) else pixels[::step, ::step]
        sampled = few[:, :, _GREEN]
        cell = min(_CELL, *sampled.shape)
        rows, columns = (length // cell for length in sampled.shape)
        squares = sampled[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
        means: NDArray[np.float32] = squares.mean((1, 3), dtype=np.float32)
        return means

    def passes(self, cells: NDArray[np.float32] | None) -> bool:
        """Whether a picture of these cells is to be taken."""
        if self.share is None or self.taken is None or cells is None or cells.shape != self.taken.shape:
            return True
        return float((np.abs(cells - self.taken) > _LEVELS).mean()) > self.share

    def behind(self, cells: NDArray[np.float32] | None) -> MotionGate:
        """The gate once a picture of these cells was taken."""
        return self if cells is None else MotionGate(self.share, cells)
