"""Decoding of picture files to RGB pixels: whole, or at once as much as a network reads."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, _imaging
from PIL.ImageFile import ImageFile

from evosplit.shared.card.schema import Resize
from evosplit.shared.errors import InputError
from evosplit.shared.pictures.colours import check_mode
from evosplit.shared.pictures.decoded_picture import Source
from evosplit.shared.pictures.exif_orientation import turn_of
from evosplit.shared.pictures.file_kinds import Kind, kind_of, webp_shape
from evosplit.shared.pictures.size_limits import MAX_HELD_BYTES, check_file_size, check_held
from evosplit.shared.resize import Placement

SPARE: Final = 4
"""A JPEG is decoded at 1/2, 1/4 or 1/8 where that leaves so many times the pixels that are read, a side.

Then the answers are the same (docs/decisions/pictures.md has the measurement)."""

_BLOCK_BYTES: Final = 1 << 26
_imaging.set_block_size(_BLOCK_BYTES)
"""Above the largest size that glibc keeps for itself (32 MiB): large pictures go back to the system."""

_BROKEN: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, RuntimeError),
    *(AttributeError, AssertionError, struct.error, zlib.error),
    Warning,  # Pillow warns of broken EXIF data; an interpreter may make errors of warnings
)

Size = tuple[int, int]
Place = Callable[[Size], tuple[Placement, Size]]
"""From a picture's (height, width) to where it goes in an input of which size."""


def decode_picture(content: bytes, max_bytes: int = MAX_HELD_BYTES) -> NDArray[np.uint8]:
    """All pixels ``(H, W, 3) uint8`` RGB, turned upright by the EXIF orientation.

    Grey is repeated, 16 bits become 8, transparency is laid over white, CMYK is converted; of several frames
    the first is taken. Raises UnknownKindError for what is no picture of `KINDS`, InputError for one that is
    broken, or that takes more than ``max_bytes`` to decode.
    """
    with _decoded(content, None, max_bytes) as source:
        return source.whole()


def read_scaled(
    content: bytes, resize: Resize, place: Place, max_bytes: int = MAX_HELD_BYTES
) -> tuple[NDArray[np.uint8], Size]:
    """The picture as ``place`` has it, ``(height, width, 3) uint8`` RGB, and its own (height, width).

    As `decode_picture` and then scaling, but nothing is held beside the decoded picture (which a JPEG is at
    a smaller scale, where that is enough) and the outcome. Raises as `decode_picture`.
    """
    wanted = None if resize.filter == "nearest" else place
    with _decoded(content, wanted, max_bytes) as source:
        placement, size = place(source.shape)
        return source.placed(resize, placement, size), source.shape


@contextlib.contextmanager
def _decoded(content: bytes, place: Place | None, max_bytes: int) -> Iterator[Source]:
    """The file decoded, at a smaller scale where ``place`` asks for so little. Raises InputError."""
    kind = kind_of(content)
    try:
        with _opened(kind, content, max_bytes) as image:
            extent, shape = _shrunk(image, place)
            check_held(kind, image, shape, max_bytes)
            check_mode(image)
            image.load()
            yield _source(image, extent, shape)
    except MemoryError:
        raise InputError(f"this {kind.name} picture takes more memory to decode than there is") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(f"this {kind.name} picture is too large") from None
    except _BROKEN as broken:
        raise InputError(f"not a whole {kind.name} picture: {_reason(broken)}") from None


def _opened(kind: Kind, content: bytes, max_bytes: int) -> ImageFile:
    size = webp_shape(content) if kind.name == "WebP" else None
    if size is not None:
        check_file_size(kind, *size, max_bytes)
    return kind.open(io.BytesIO(content))


def _shrunk(image: ImageFile, place: Place | None) -> tuple[tuple[float, float], Size]:
    """Sets the scale of a JPEG's decoding; the image's extent at it, and its whole (width, height)."""
    shape = image.size
    if place is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
        turn = turn_of(image)
        upright = turn.upright_size(shape)
        height, width = place((upright[1], upright[0]))[0].scaled
        drafted = image.draft(None, turn.upright_size((SPARE * width, SPARE * height)))
        if drafted is not None:
            return (drafted[1][2], drafted[1][3]), shape
    return (float(shape[0]), float(shape[1])), shape


def _source(image: ImageFile, extent: tuple[float, float], shape: Size) -> Source:
    """``shape`` is (width, height) as stored; Pillow has turned a TIFF already."""
    if image.format == "TIFF":
        return Source(image, (image.height, image.width), (image.width, image.height))
    turn = turn_of(image)
    width, height = turn.upright_size(shape)
    return Source(image, (height, width), extent, turn)


def _reason(broken: BaseException) -> str:
    return " ".join(str(broken).split())[:200] or type(broken).__name__
