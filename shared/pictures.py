"""JPEG, PNG and PPM bytes to pixels. PPM is for cameras beside the agent: nothing to encode or decode."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.errors import InputError

MAX_PIXELS: Final = 64_000_000
"""A larger picture is refused before its pixels are decoded (64 million are 192 MB)."""

_ORIENTATION_TAG: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BROKEN: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error),
    Warning,  # Pillow warns of broken EXIF data; an interpreter may make errors of warnings
)
_BOMB: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def decode_picture(content: bytes, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Pixels ``(H, W, 3) uint8`` RGB, turned upright by the EXIF orientation.

    Grey is repeated, 16 bits become 8, transparency is laid over white, CMYK is converted. Raises InputError
    for anything that is not a whole JPEG, PNG or PPM, or holds more than ``max_pixels``.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "PPM")) as image:
            if image.width * image.height > max_pixels:
                raise InputError(
                    f"picture of {image.width} x {image.height}, at most {max_pixels} pixels are read"
                )
            image.load()
            return np.asarray(_rgb(_upright(image)), np.uint8)
    except _BOMB:
        raise InputError(f"picture too large, at most {max_pixels} pixels are read") from None
    except _BROKEN as broken:
        raise InputError(f"not a whole JPEG, PNG or PPM picture: {_reason(content, broken)}") from None


def _upright(image: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where the EXIF data is missing or broken."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _BROKEN:
        return 1
    return value if isinstance(value, int) else 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16-bit grey; convert() would clip it instead of scaling
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _reason(content: bytes, broken: BaseException) -> str:
    if not content:
        return "empty"
    if isinstance(broken, OSError) and "cannot identify" in str(broken):
        return "unknown content"  # Pillow's text names an object in memory
    return " ".join(str(broken).split())[:200] or type(broken).__name__
