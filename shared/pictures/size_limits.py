"""Bounds on what decoding a picture takes, checked on headers, before anything is allocated."""

from __future__ import annotations

from typing import Final

from PIL import JpegImagePlugin, TiffImagePlugin
from PIL.ImageFile import ImageFile

from evosplit.shared.errors import InputError
from evosplit.shared.pictures.file_kinds import Kind

MAX_HELD_BYTES: Final = 400 * 10**6
"""What decoding one picture may hold at a time: 100 million pixels of a PNG, 25 million of a WebP."""

MAX_SIDE: Final = 65_500
"""libjpeg's own limit; the tables by which pictures are scaled grow with their longer side."""

_COEFFICIENT_BYTES: Final = 2
_TILE_TAGS: Final = (
    TiffImagePlugin.TILEWIDTH,
    TiffImagePlugin.TILELENGTH,
    TiffImagePlugin.SAMPLESPERPIXEL,
)


def check_file_size(kind: Kind, width: int, height: int, max_bytes: int) -> None:
    """Raises InputError for a picture that its header says to be too large to decode."""
    _check(width, height, width * height * kind.held_bytes, max_bytes)


def check_held(kind: Kind, image: ImageFile, shape: tuple[int, int], max_bytes: int) -> None:
    """Raises InputError where decoding would hold too much.

    ``image`` is opened, not loaded, and for a JPEG set to the scale at which it is to be decoded; ``shape``
    is its whole (width, height).
    """
    decoded = image.width * image.height * kind.held_bytes
    _check(*shape, decoded + _jpeg_bytes(image, shape) + _tile_bytes(image), max_bytes)


def _check(width: int, height: int, held_bytes: int, max_bytes: int) -> None:
    if max(width, height) > MAX_SIDE:
        raise InputError(f"picture of {width} x {height}, at most {MAX_SIDE} pixels a side are read")
    if held_bytes > max_bytes:
        raise InputError(
            f"picture of {width} x {height} takes {held_bytes / 1e6:.0f} MB to decode, "
            f"at most {max_bytes / 1e6:.0f} MB are given to one"
        )


def _jpeg_bytes(image: ImageFile, shape: tuple[int, int]) -> int:
    """Libjpeg keeps all coefficients, at full size, of a file with several scans."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or not _has_scans(image):
        return 0
    return shape[0] * shape[1] * image.layers * _COEFFICIENT_BYTES


def _has_scans(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Whether more than one scan is to come: progressive, or not all components in the first.

    The file has been read to the end of the first scan's head: length, count, two bytes a component, three.
    """
    if image.info.get("progressive") or image.fp is None:
        return True
    size = 6 + 2 * image.layers
    image.fp.seek(-size, 1)
    head = image.fp.read(size)
    return head[:3] != bytes([0, size, image.layers])


def _tile_bytes(image: ImageFile) -> int:
    """Libtiff decodes whole tiles, whatever size the file claims them to be."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    width, height, samples = (image.tag_v2.get(tag) for tag in _TILE_TAGS)
    sides = [side if isinstance(side, int) else 0 for side in (width, height)]
    return sides[0] * sides[1] * 4 * (samples if isinstance(samples, int) else 1)
