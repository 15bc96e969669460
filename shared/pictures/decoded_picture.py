"""Decoded picture in its stored mode, with upright access to parts of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.card.schema import Resize
from evosplit.shared.pictures.colours import as_rgb
from evosplit.shared.pictures.exif_orientation import AS_STORED, Box, Turn
from evosplit.shared.pictures.resample import STRIP_PIXELS, resample
from evosplit.shared.resize import Placement

_METHODS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, eq=False)
class Source:
    """``image`` in any mode, its ``extent`` (width, height) in pixels of the image, and how it is turned.

    A JPEG that was decoded at a smaller scale ends within its last pixel: the extent has fractions.
    ``shape`` is (height, width) of the upright picture at full size.
    """

    image: Image.Image
    shape: tuple[int, int]
    extent: tuple[float, float]
    turn: Turn = AS_STORED

    def placed(self, resize: Resize, placement: Placement, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The picture in an input of ``size`` (height, width): ``(height, width, 3) uint8`` RGB."""
        seen = placement.seen(size)
        if seen is None:
            return _canvas(resize, size)
        width, height = self.extent
        left, top, right, bottom = self.turn.stored_box(seen.shares(placement.scaled))
        box = (left * width, top * height, right * width, bottom * height)
        stored_size = self.turn.upright_size((seen.width, seen.height))
        part = self._resampled(box, stored_size, resize)
        if (seen.height, seen.width) == size:
            return np.asarray(part, np.uint8)
        canvas = _canvas(resize, size)
        rows = slice(seen.to_top, seen.to_top + seen.height)
        canvas[rows, seen.to_left : seen.to_left + seen.width] = np.asarray(part, np.uint8)
        return canvas

    def _resampled(self, box: Box, size: tuple[int, int], resize: Resize) -> Image.Image:
        """Upright; its passes go the same way, whichever way the stored picture lies."""
        part = resample(self.image, box, size, _METHODS[resize.filter], down_first=self.turn.swaps)
        return self.turn.upright(part)

    def whole(self) -> NDArray[np.uint8]:
        """All of it at the scale of the image, ``(H, W, 3) uint8`` RGB."""
        width, height = self.image.size
        pixels = np.empty((height, width, 3), np.uint8)
        rows = max(STRIP_PIXELS // width, 1)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            pixels[top:bottom] = np.asarray(as_rgb(self.image.crop((0, top, width, bottom))))
        if self.turn is AS_STORED:
            return pixels
        return np.asarray(self.turn.upright(Image.fromarray(pixels)), np.uint8)


def source_of(pixels: NDArray[np.uint8]) -> Source:
    """Pixels ``(H, W, 3) uint8`` RGB, not copied more than Pillow does."""
    height, width = pixels.shape[:2]
    return Source(Image.fromarray(pixels), (height, width), (width, height))


def _canvas(resize: Resize, size: tuple[int, int]) -> NDArray[np.uint8]:
    """What is not covered is black where a crop was to be made of too small a picture."""
    return np.full((*size, 3), resize.fill if resize.kind == "pad" else 0, np.uint8)
