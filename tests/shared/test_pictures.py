"""Pictures of every mode come out as upright RGB; broken ones as one clear line."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.errors import InputError
from shared.pictures import decode_picture

RAMP = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3


def _encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_png_is_exact() -> None:
    np.testing.assert_array_equal(decode_picture(_encode(Image.fromarray(RAMP))), RAMP)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_modes_become_rgb(mode: str) -> None:
    image = Image.fromarray(RAMP).convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    options = {"quality": 100, "subsampling": 0} if mode == "CMYK" else {}
    decoded = decode_picture(_encode(image, kind, **options))
    assert decoded.shape == (4, 6, 3)
    assert np.abs(decoded.astype(int) - np.asarray(image.convert("RGB"))).max() <= 6


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    grey = (np.arange(24, dtype=np.uint16) * 2730).reshape(4, 6)
    decoded = decode_picture(_encode(Image.fromarray(grey)))
    np.testing.assert_array_equal(decoded, np.repeat((grey >> 8)[:, :, None], 3, axis=2))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_over_white(mode: str) -> None:
    image = Image.new(mode, (2, 1), (0,) * len(mode))
    assert (decode_picture(_encode(image)) == 255).all()


def test_transparent_palette() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    decoded = decode_picture(_encode(image, transparency=0))
    np.testing.assert_array_equal(decoded, [[[255, 255, 255], [40, 50, 60]]])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    """The same turn as Pillow's own, which is checked against the EXIF standard."""
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    content = _encode(Image.fromarray(RAMP), exif=exif.tobytes())
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(decode_picture(content), np.asarray(expected))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a" + bytes(20),
        _encode(Image.fromarray(RAMP))[:-30],
        _encode(Image.fromarray(np.zeros((64, 64, 3), np.uint8)), "JPEG")[:-60],
    ],
)
def test_no_picture(content: bytes) -> None:
    with pytest.raises(InputError) as refused:
        decode_picture(content)
    assert "not a whole JPEG, PNG or PPM picture" in str(refused.value)
    assert "0x" not in str(refused.value)


@pytest.mark.parametrize("side", [9000, 12000, 60000])
def test_bomb_is_refused_before_decoding(side: int) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")
    content = b"\x89PNG\r\n\x1a\n" + chunks
    with pytest.raises(InputError, match="at most 64000000 pixels"):
        decode_picture(content)


def test_limit_is_settable() -> None:
    with pytest.raises(InputError, match="picture of 6 x 4, at most 23 pixels"):
        decode_picture(_encode(Image.fromarray(RAMP)), max_pixels=23)


_SEEDS = [
    _encode(Image.fromarray(RAMP)),
    _encode(Image.fromarray(RAMP), "JPEG", exif=b"Exif\0\0MM\0*" + bytes(30)),
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(_SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8),
    st.integers(0, 60),
)
def test_damaged_pictures_end_in_pixels_or_one_error(seed: bytes, changes: list, cut: int) -> None:
    content = bytearray(seed)
    for place, value in changes:
        content[place % len(content)] = value
    try:
        decoded = decode_picture(bytes(content[: len(content) - cut]))
    except InputError:
        return
    assert decoded.dtype == np.uint8
    assert decoded.shape[2] == 3


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_camera_buffer_comes_as_ppm() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(decode_picture(b"P6\n7 5\n255\n" + pixels.tobytes()), pixels)
