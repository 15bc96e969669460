"""Planar YUV picture, as video decoders give it: planes are scaled first, and colours converted last.

A picture that is scaled down to a network's size is never converted as a whole. Both steps are linear, so
that their order matters to rounding alone (docs/decisions/pictures.md has how far).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.card.schema import Resize
from evosplit.shared.pictures.decoded_picture import METHODS, on_canvas, source_of
from evosplit.shared.pictures.exif_orientation import Box
from evosplit.shared.resize import Placement, Seen

_SUBSAMPLED: Final = 2
"""Chroma has half the rows or columns, at most: scaled down by as much, no plane is enlarged."""


@dataclass(frozen=True, eq=False)
class Plane:
    """``rows`` (height, at least ``width``) uint8, contiguous: what lies behind the width is padding."""

    rows: NDArray[np.uint8]
    width: int

    @property
    def values(self) -> NDArray[np.uint8]:
        """(height, width), where they lie."""
        return self.rows[:, : self.width]

    @property
    def shape(self) -> tuple[int, int]:
        """Its (height, width)."""
        return self.rows.shape[0], self.width

    def resized(self, size: tuple[int, int], method: Image.Resampling, box: Box) -> NDArray[np.uint8]:
        """The part ``box`` at ``size`` (width, height), with antialiasing; read where it lies."""
        stored = (self.width, self.rows.shape[0])
        image = Image.frombuffer("L", stored, self.rows, "raw", "L", self.rows.shape[1], 1)
        return np.asarray(image.resize(size, method, box), np.uint8)


@dataclass(frozen=True, eq=False)
class PlanarPicture:
    """Luma and two planes of chroma, 8 bits each; chroma as large, or with half the rows or columns.

    ``to_rgb`` makes pixels (h, w, 3) uint8 of three planes of one size, ``whole`` does of all of it.
    """

    planes: tuple[Plane, Plane, Plane]
    to_rgb: Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.uint8]]
    whole: Callable[[], NDArray[np.uint8]]

    @property
    def shape(self) -> tuple[int, int]:
        """Its (height, width)."""
        return self.planes[0].shape

    def placed(self, resize: Resize, placement: Placement, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The picture in an input of ``size`` (height, width): ``(height, width, 3) uint8`` RGB."""
        if any(_SUBSAMPLED * to > of for to, of in zip(placement.scaled, self.shape, strict=True)):
            pixels = self.whole()
            is_fit = placement.fits(size) and size == self.shape
            return pixels if is_fit else source_of(pixels).placed(resize, placement, size)
        return on_canvas(resize, placement, size, lambda seen: self._part(resize, placement, seen))

    def sampled(self, step: int) -> NDArray[np.uint8]:
        """Each ``step``-th pixel of each ``step``-th row, ``(h, w, 3) uint8`` RGB."""
        rows, columns = (np.arange(0, side, step) for side in self.shape)
        taken = []
        for plane in self.planes:
            down, across = self._subsampling(plane)
            taken.append(plane.values[np.ix_(rows // down, columns // across)])
        return self.to_rgb(taken)

    def _part(self, resize: Resize, placement: Placement, seen: Seen) -> NDArray[np.uint8]:
        left, top, right, bottom = seen.shares(placement.scaled)
        parts = []
        for plane in self.planes:
            down, across = self._subsampling(plane)
            height, width = self.shape[0] / down, self.shape[1] / across
            box = (left * width, top * height, right * width, bottom * height)
            parts.append(plane.resized((seen.width, seen.height), METHODS[resize.filter], box))
        return self.to_rgb(parts)

    def _subsampling(self, plane: Plane) -> tuple[int, int]:
        """How many (rows, columns) of the picture share one of the plane; the last one may cover less."""
        down, across = (
            1 if mine == whole else _SUBSAMPLED for mine, whole in zip(plane.shape, self.shape, strict=True)
        )
        return down, across
