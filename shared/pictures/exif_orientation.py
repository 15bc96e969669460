"""EXIF orientation: how a stored picture is turned to stand upright."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from PIL import Image

_TAG: Final = 0x0112
_UNREADABLE: Final = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError)

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Turn:
    """From stored to upright: ``method`` is Pillow's, None for none.

    The other way, places of the upright picture are first swapped (x with y) and then mirrored.
    """

    method: Image.Transpose | None = None
    swaps: bool = False
    mirrors_x: bool = False
    mirrors_y: bool = False

    def upright_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Of a stored (width, height); the other way it is the same."""
        return size[::-1] if self.swaps else size

    def stored_box(self, box: Box) -> Box:
        """A part of the upright picture as a part of the stored one, both in shares of the sides."""
        left, top, right, bottom = (box[side] for side in ((1, 0, 3, 2) if self.swaps else (0, 1, 2, 3)))
        if self.mirrors_x:
            left, right = 1 - right, 1 - left
        if self.mirrors_y:
            top, bottom = 1 - bottom, 1 - top
        return left, top, right, bottom

    def upright(self, image: Image.Image) -> Image.Image:
        """The image turned; itself where it stands already."""
        return image if self.method is None else image.transpose(self.method)


AS_STORED: Final = Turn()
_TURNS: Final = {
    2: Turn(Image.Transpose.FLIP_LEFT_RIGHT, mirrors_x=True),
    3: Turn(Image.Transpose.ROTATE_180, mirrors_x=True, mirrors_y=True),
    4: Turn(Image.Transpose.FLIP_TOP_BOTTOM, mirrors_y=True),
    5: Turn(Image.Transpose.TRANSPOSE, swaps=True),
    6: Turn(Image.Transpose.ROTATE_270, swaps=True, mirrors_y=True),
    7: Turn(Image.Transpose.TRANSVERSE, swaps=True, mirrors_x=True, mirrors_y=True),
    8: Turn(Image.Transpose.ROTATE_90, swaps=True, mirrors_x=True),
}


def turn_of(image: Image.Image) -> Turn:
    """By the EXIF orientation; `AS_STORED` where the EXIF data is missing or broken."""
    try:
        value = image.getexif().get(_TAG, 1)
    except (*_UNREADABLE, Warning, struct.error):  # Pillow warns of broken EXIF data; warnings may be errors
        return AS_STORED
    return _TURNS.get(value, AS_STORED) if isinstance(value, int) else AS_STORED
