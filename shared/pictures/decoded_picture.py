"""Decoded picture in its stored mode, with upright access to parts of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.card.schema import Resize
from evosplit.shared.pictures.colours import as_rgb
from evosplit.shared.pictures.exif_orientation import AS_STORED, Box, Turn
from evosplit.shared.pictures.resample import STRIP_PIXELS, resample
from evosplit.shared.resize import Placement, Seen

METHODS: Final = {
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
        return on_canvas(resize, placement, size, lambda seen: self._part(resize, placement, seen))

    def _part(self, resize: Resize, placement: Placement, seen: Seen) -> NDArray[np.uint8]:
        width, height = self.extent
        left, top, right, bottom = self.turn.stored_box(seen.shares(placement.scaled))
        box = (left * width, top * height, right * width, bottom * height)
        stored_size = self.turn.upright_size((seen.width, seen.height))
        return np.asarray(self._resampled(box, stored_size, resize), np.uint8)

    def _resampled(self, box: Box, size: tuple[int, int], resize: Resize) -> Image.Image:
        """Upright; its passes go the same way, whichever way the stored picture lies."""
        part = resample(self.image, box, size, METHODS[resize.filter], down_first=self.turn.swaps)
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


def on_canvas(
    resize: Resize, placement: Placement, size: tuple[int, int], part: Callable[[Seen], NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """What ``part`` makes of a picture's seen part, where it goes in an input of ``size`` (height, width).

    What is not covered is black where a crop was to be made of too small a picture.
    """
    seen = placement.seen(size)
    if seen is not None and (seen.height, seen.width) == size:
        return part(seen)
    canvas = np.full((*size, 3), resize.fill if resize.kind == "pad" else 0, np.uint8)
    if seen is not None:
        rows = slice(seen.to_top, seen.to_top + seen.height)
        canvas[rows, seen.to_left : seen.to_left + seen.width] = part(seen)
    return canvas
