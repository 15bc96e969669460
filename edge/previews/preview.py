"""Preview of a frame: a small JPEG of what the network was shown of the picture."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from evosplit.shared.card import Card
from evosplit.shared.input_picture import Picture
from evosplit.shared.resize import place

SIDE: Final = 320
_QUALITY: Final = 70


@dataclass(frozen=True)
class Preview:
    """``jpeg`` shows the part ``region`` (left, top, right, bottom as shares) of a picture of ``original``.

    ``original`` is (height, width) in pixels: those of boxes in results. It lies in the part ``placed`` of
    the network's input; the rest of that is padding.
    """

    jpeg: bytes = field(repr=False)
    original: tuple[int, int]
    region: tuple[float, float, float, float]
    placed: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


def preview_of(card: Card, picture: Picture, side: int = SIDE) -> Preview:
    """No longer than ``side`` pixels, in the proportions of the picture, and without what pads it.

    It is made of what is kept of a frame: what the network's preprocessing cuts off is not there.
    """
    height, width = picture.pixels.shape[:2]
    placement = place(card.input.resize, picture.original, (height, width), picture.nudge)
    seen = placement.seen((height, width))
    if seen is None:
        return Preview(_jpeg(picture, (0, 0, width, height), (width, height)), picture.original, (0, 0, 1, 1))
    region = seen.shares(placement.scaled)
    box = (seen.to_left, seen.to_top, seen.to_left + seen.width, seen.to_top + seen.height)
    wide = (region[2] - region[0]) * picture.original[1]
    high = (region[3] - region[1]) * picture.original[0]
    ratio = min(side, max(seen.width, seen.height)) / max(wide, high)
    size = (max(1, round(wide * ratio)), max(1, round(high * ratio)))
    placed = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
    return Preview(_jpeg(picture, box, size), picture.original, region, placed)


def _jpeg(picture: Picture, box: tuple[int, int, int, int], size: tuple[int, int]) -> bytes:
    content = io.BytesIO()
    shown = Image.fromarray(picture.pixels).resize(size, Image.Resampling.BILINEAR, box=box)
    shown.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()
