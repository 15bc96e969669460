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

from evosplit.shared.errors import InputError, UnknownKindError
from evosplit.shared.pictures import KINDS, decode_picture

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


def _ramp(kind: str, **options: object) -> bytes:
    return _encode(Image.fromarray(RAMP), kind, **options)


def _has(name: str) -> bool:
    return any(kind.name == name for kind in KINDS)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF"])
def test_other_kinds(kind: str) -> None:
    if kind == "AVIF" and not _has("AVIF"):
        pytest.skip("this Pillow reads no AVIF")
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(kind, {})
    decoded = decode_picture(_ramp(kind, **options))
    assert decoded.shape == RAMP.shape
    assert np.abs(decoded.astype(int) - RAMP).max() <= (0 if kind != "AVIF" else 8)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_the_first_of_several_frames_is_read(kind: str) -> None:
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = _encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert (decode_picture(content) == [255, 0, 0]).all()


def test_a_tiff_is_turned_once() -> None:
    content = _encode(Image.fromarray(RAMP), "TIFF", tiffinfo={0x0112: 6})
    np.testing.assert_array_equal(decode_picture(content), np.rot90(RAMP, -1))


@pytest.mark.parametrize(
    "content",
    [
        b"not a picture",
        b"%PDF-1.7",
        b"\x89PNG",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
        b"RIFF\x10\0\0\0WAVEfmt ",
    ],
)
def test_what_is_no_picture_has_a_status_of_its_own(content: bytes) -> None:
    with pytest.raises(UnknownKindError, match=r"no picture of a known kind \(JPEG, PNG,") as refused:
        decode_picture(content)
    assert refused.value.http_status == 415


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a" + bytes(20),
        b"BM" + bytes(60),
        b"RIFF\x10\0\0\0WEBPVP8X" + bytes(18),
        b"II*\0" + bytes(20),
        *(
            _ramp(kind)[:-cut]
            for kind, cut in [("PNG", 30), ("BMP", 5), ("GIF", 8), ("TIFF", 90), ("WEBP", 9)]
        ),
        _encode(Image.fromarray(np.zeros((64, 64, 3), np.uint8)), "JPEG")[:-60],
    ],
)
def test_a_truncated_picture_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(InputError) as refused:
        decode_picture(content)
    assert refused.value.http_status == 400
    assert "not a whole" in str(refused.value) or not content
    assert "0x" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("side", [11_000, 60_000, 70_000])
def test_bomb_is_refused_before_decoding(side: int) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")
    content = b"\x89PNG\r\n\x1a\n" + chunks
    with pytest.raises(InputError, match=r"at most (400 MB|65500 pixels a side)"):
        decode_picture(content)


def test_the_header_of_a_webp_is_believed_before_its_decoder_is_made() -> None:
    """libwebp allocates two canvases as soon as it is opened: 2 GB here."""
    content = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xfe\x3f\0\xfe\x3f\0"
    with pytest.raises(InputError, match="picture of 16383 x 16383 takes 4294 MB to decode"):
        decode_picture(content)


def test_limit_is_in_bytes_of_what_decoding_holds() -> None:
    """24 pixels of 4 bytes; a progressive JPEG's three components take 2 bytes more each."""
    with pytest.raises(InputError, match="picture of 6 x 4 takes"):
        decode_picture(_ramp("PNG"), max_bytes=95)
    decode_picture(_ramp("PNG"), max_bytes=96)
    decode_picture(_ramp("JPEG"), max_bytes=96)
    with pytest.raises(InputError, match="picture of 6 x 4 takes"):
        decode_picture(_ramp("JPEG", progressive=True), max_bytes=96 + 143)
    decode_picture(_ramp("JPEG", progressive=True), max_bytes=96 + 144)


def test_a_tile_larger_than_its_picture_is_refused() -> None:
    tags = {322: 65_536, 323: 65_536}
    with pytest.raises(InputError, match="MB to decode"):
        decode_picture(_tagged(_ramp("TIFF", compression="tiff_deflate"), tags))


def test_floats_are_no_colours() -> None:
    with pytest.raises(InputError, match="32 bits"):
        decode_picture(_encode(Image.new("F", (3, 2)), "TIFF"))


def _tagged(content: bytes, tags: dict[int, int]) -> bytes:
    """A little-endian TIFF whose directory lies last, with LONG tags added in order."""
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    old = [content[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    new = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()]
    entries = sorted(old + new, key=lambda entry: struct.unpack_from("<H", entry))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return content[:4] + struct.pack("<I", len(content)) + content[8:] + directory


_SEEDS = [
    _ramp("PNG"),
    _ramp("JPEG", exif=b"Exif\0\0MM\0*" + bytes(30)),
    *(_ramp(kind) for kind in ("BMP", "GIF", "TIFF", "WEBP", "PPM")),
    _ramp("TIFF", compression="tiff_lzw"),
    *([_ramp("AVIF")] if _has("AVIF") else []),
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
