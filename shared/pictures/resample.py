"""Separable resampling of a part of a picture, in strips, so that the whole is never converted or copied.

The same passes, in 8 bits, as Pillow's own `Image.resize`, with its antialiasing; what lies outside the part
is not looked at further than the filter reaches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PIL import Image

from evosplit.shared.pictures.colours import as_rgb
from evosplit.shared.pictures.exif_orientation import Box

STRIP_PIXELS: Final = 1 << 20
"""So many pixels are converted to RGB at a time: 4 MB, and up to four copies on the way."""

_REACH: Final = {
    Image.Resampling.NEAREST: 1,
    Image.Resampling.BILINEAR: 1,
    Image.Resampling.BICUBIC: 2,
    Image.Resampling.LANCZOS: 3,
}
"""Of the filters, in pixels of the coarser of the two sides."""


@dataclass(frozen=True)
class _Axis:
    """One direction: pixels ``first`` to ``end`` of the picture hold what ``low`` to ``high`` needs."""

    first: int
    end: int
    low: float
    high: float
    size: int

    @property
    def count(self) -> int:
        return self.end - self.first

    @property
    def inner(self) -> tuple[float, float]:
        """The wanted part, counted from ``first``."""
        return max(self.low - self.first, 0.0), min(self.high - self.first, float(self.count))


def resample(
    image: Image.Image,
    box: Box,
    size: tuple[int, int],
    method: Image.Resampling = Image.Resampling.BILINEAR,
    down_first: bool = False,
) -> Image.Image:
    """RGB of ``size`` (width, height) from the part ``box`` of the image, in its pixels, fractions too.

    Rows are brought to their width and then columns to their height, as Pillow does it, with ``down_first``
    the other way round; but never so that what lies between is larger than both the part and the outcome.
    Beside the image it holds a strip, and at most the larger of these two.
    """
    across = _axis(box[0], box[2], image.width, size[0], method)
    down = _axis(box[1], box[3], image.height, size[1], method)
    if _swells(across, down) or (down_first and not _swells(down, across)):
        narrow = _down(image, across, down, method)
        return narrow.resize(size, method, (across.inner[0], 0, across.inner[1], size[1]))
    if across.count * down.count > STRIP_PIXELS:
        flat = _across(image, across, down, method)
        return flat.resize(size, method, (0, down.inner[0], size[0], down.inner[1]))
    part = as_rgb(_part(image, (across.first, down.first, across.end, down.end)))
    return part.resize(size, method, (across.inner[0], down.inner[0], across.inner[1], down.inner[1]))


def _swells(first: _Axis, second: _Axis) -> bool:
    """Whether the first of two passes enlarges what the second one shrinks."""
    return first.size > first.count and second.size < second.count


def _axis(low: float, high: float, limit: int, size: int, method: Image.Resampling) -> _Axis:
    margin = _REACH[method] * max((high - low) / size, 1.0) + 1
    return _Axis(
        max(math.floor(low - margin), 0), min(math.ceil(high + margin), limit), low, min(high, limit), size
    )


def _across(image: Image.Image, across: _Axis, down: _Axis, method: Image.Resampling) -> Image.Image:
    """All rows at their final width."""
    made, rows = Image.new("RGB", (across.size, down.count)), max(STRIP_PIXELS // across.count, 1)
    for top in range(down.first, down.end, rows):
        bottom = min(top + rows, down.end)
        strip = as_rgb(_part(image, (across.first, top, across.end, bottom)))
        box = (across.inner[0], 0, across.inner[1], bottom - top)
        made.paste(strip.resize((across.size, bottom - top), method, box), (0, top - down.first))
    return made


def _down(image: Image.Image, across: _Axis, down: _Axis, method: Image.Resampling) -> Image.Image:
    """All columns at their final height."""
    made, columns = Image.new("RGB", (across.count, down.size)), max(STRIP_PIXELS // down.count, 1)
    for left in range(across.first, across.end, columns):
        right = min(left + columns, across.end)
        strip = as_rgb(_part(image, (left, down.first, right, down.end)))
        box = (0, down.inner[0], right - left, down.inner[1])
        made.paste(strip.resize((right - left, down.size), method, box), (left - across.first, 0))
    return made


def _part(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    return image if box == (0, 0, *image.size) else image.crop(box)
