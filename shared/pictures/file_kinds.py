"""File format detection of pictures by their first bytes, never by their names."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from evosplit.shared.errors import InputError, UnknownKindError

try:
    from PIL import AvifImagePlugin  # Pillow 11.3 and newer
except ImportError:
    AvifImagePlugin = None  # type: ignore[assignment]

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PPM: Final = tuple(b"P%d" % number for number in range(1, 7))
_AVIF: Final = (b"avif", b"avis")
_WEBP_HEAD: Final = 30


@dataclass(frozen=True)
class Kind:
    """A format: how it is opened, and what decoding holds at most.

    ``held_bytes`` is per pixel, of the picture and of the decoder's own buffers (measured with Pillow 13):
    Pillow keeps 4 bytes; libwebp has two canvases and libavif its planes, and a copy of each on the way;
    libtiff may hold the whole as one strip, and Pillow turns a TIFF by itself.
    """

    name: str
    suffixes: tuple[str, ...]
    held_bytes: int
    is_this: Callable[[bytes], bool]
    open: Callable[[IO[bytes]], ImageFile]


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _is_avif(content: bytes) -> bool:
    """An ISO base media file with an AVIF brand, major or compatible; HEIC files have none."""
    if content[4:8] != b"ftyp":
        return False
    (size,) = struct.unpack(">I", content[:4])
    brands = content[8 : min(size, 256)]
    return any(brands[start : start + 4] in _AVIF for start in range(0, len(brands), 4))


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


def _avif() -> tuple[Kind, ...]:
    if AvifImagePlugin is None or not AvifImagePlugin.SUPPORTED:
        return ()
    return (Kind("AVIF", (".avif",), 16, _is_avif, AvifImagePlugin.AvifImageFile),)


def _webp() -> tuple[Kind, ...]:
    if not WebPImagePlugin.SUPPORTED:
        return ()
    return (Kind("WebP", (".webp",), 16, _is_webp, WebPImagePlugin.WebPImageFile),)


def _kind(
    name: str, suffixes: str, held_bytes: int, marks: tuple[bytes, ...], plugin: type[ImageFile]
) -> Kind:
    return Kind(name, tuple(suffixes.split()), held_bytes, _starts(*marks), plugin)


KINDS: Final = (
    _kind("JPEG", ".jpg .jpeg", 4, (b"\xff\xd8\xff",), JpegImagePlugin.JpegImageFile),
    _kind("PNG", ".png", 4, (b"\x89PNG\r\n\x1a\n",), PngImagePlugin.PngImageFile),
    *_webp(),
    _kind("BMP", ".bmp", 4, (b"BM",), BmpImagePlugin.BmpImageFile),
    _kind("GIF", ".gif", 4, (b"GIF87a", b"GIF89a"), GifImagePlugin.GifImageFile),
    _kind("TIFF", ".tif .tiff", 12, _TIFF, TiffImagePlugin.TiffImageFile),
    *_avif(),
    _kind("PPM", ".ppm .pgm .pbm", 4, _PPM, PpmImagePlugin.PpmImageFile),
)
"""What this installation reads: AVIF and WebP where Pillow has them. Of several frames, the first is read."""

SUFFIXES: Final = frozenset(suffix for kind in KINDS for suffix in kind.suffixes)
"""Endings of file names, in small letters, by which folders are searched for pictures."""


def kind_of(content: bytes) -> Kind:
    """The format of a file. Raises UnknownKindError for none of `KINDS`, InputError for no bytes at all."""
    if not content:
        raise InputError("the picture is empty")
    for kind in KINDS:
        if kind.is_this(content):
            return kind
    raise UnknownKindError(f"no picture of a known kind ({known_kinds()})")


def known_kinds() -> str:
    """The names of `KINDS` in one line."""
    return ", ".join(kind.name for kind in KINDS)


def webp_shape(content: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP file, RFC 9649: libwebp allocates its canvases before it tells them."""
    head, chunk = content[:_WEBP_HEAD].ljust(_WEBP_HEAD, b"\0"), content[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None
