"""Scaling while decoding gives the pixels of decoding and then scaling, and those that Pillow gives."""

from __future__ import annotations

import io

import numpy as np
import pytest
from card_examples import card
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evosplit.shared.card import Card
from evosplit.shared.input_picture import picture_of, read_picture
from evosplit.shared.pictures import decode_picture, resample
from evosplit.shared.preprocess import preprocess

METHODS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
ROUNDINGS = 2
"""Two passes in 8 bits; where they are taken the other way round, each may round otherwise."""


def _card(resize: dict[str, object], size: tuple[int, int]) -> Card:
    return card(input__tensor="x", input__size=size, input__resize=resize)


def _resize(kind: str, filter_name: str, side: int) -> dict[str, object]:
    more = {"crop": {"shorter_side": side}, "pad": {"fill": 114}, "stretch": {}}[kind]
    return {"kind": kind, "filter": filter_name, **more}


def _smooth(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng((height, width))
    coarse = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def _as_before(pixels: np.ndarray, prepared: Card) -> np.ndarray:
    """The slow oracle: the whole picture scaled by Pillow, then cropped or padded."""
    resize, (height, width) = prepared.input.resize, prepared.input.size or (0, 0)
    tall, wide = pixels.shape[:2]
    ratio = {
        "crop": (resize.shorter_side or 0) / min(tall, wide),
        "pad": min(height / tall, width / wide),
        "stretch": 0,
    }[resize.kind]
    scaled = (max(1, round(tall * ratio)), max(1, round(wide * ratio))) if ratio else (height, width)
    if resize.kind == "pad":
        scaled = (min(scaled[0], height), min(scaled[1], width))
    image = Image.fromarray(pixels).resize(scaled[::-1], METHODS[resize.filter])
    canvas = Image.new("RGB", (width, height), (resize.fill if resize.kind == "pad" else 0,) * 3)
    spare = (0, 0) if resize.kind == "pad" else (width - scaled[1], height - scaled[0])
    canvas.paste(image, (int(spare[0] / 2), int(spare[1] / 2)))
    return np.asarray(canvas)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(["stretch", "pad", "crop"]),
    st.sampled_from(sorted(METHODS)),
    st.integers(1, 60),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([37, 1 << 20]),
)
def test_as_the_whole_picture_scaled_and_then_cut(
    height: int, width: int, kind: str, filter_name: str, side: int, size: tuple[int, int], strip: int
) -> None:
    prepared, pixels = _card(_resize(kind, filter_name, side), size), _smooth(height, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resample, "STRIP_PIXELS", strip)
        made = picture_of(prepared, pixels).pixels.astype(int)
    differences = np.abs(made - _as_before(pixels, prepared))
    if filter_name == "nearest":  # a place just between two pixels may fall to either
        assert (differences > 0).any(axis=2).mean() <= 0.5
        return
    swells = size[1] > width and size[0] < height and filter_name != "bilinear"
    assert differences.max() <= (12 if swells else ROUNDINGS)  # overshoots are clipped in the other order


@settings(max_examples=60, deadline=None)
@given(
    st.integers(4, 80),
    st.integers(4, 80),
    st.sampled_from(["stretch", "pad", "crop"]),
    st.sampled_from(["RGB", "RGBA", "L", "P", "CMYK"]),
    st.integers(1, 8),
)
def test_reading_at_once_is_decoding_and_then_preprocessing(
    height: int, width: int, kind: str, mode: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    image = Image.fromarray(_smooth(height, width)).convert(mode)
    image.save(content, "TIFF" if mode == "CMYK" else "PNG", exif=exif.tobytes())
    prepared = _card(_resize(kind, "bilinear", 20), (17, 23))
    picture = read_picture(prepared, content.getvalue())
    whole = decode_picture(content.getvalue())
    right = preprocess(prepared, whole)["x"][0].transpose(1, 2, 0)
    assert picture.original == whole.shape[:2]
    assert np.abs(picture.pixels - right).max() <= ROUNDINGS


@pytest.mark.parametrize("kind", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_decoded_at_a_smaller_scale_looks_the_same(kind: str, orientation: int) -> None:
    """An odd size: the last pixel of the smaller decoding is covered in part only."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    Image.fromarray(_smooth(667, 1001)).save(content, "JPEG", quality=95, exif=exif.tobytes())
    prepared = _card(_resize(kind, "bilinear", 40), (32, 32))
    picture, whole = read_picture(prepared, content.getvalue()), decode_picture(content.getvalue())
    right = preprocess(prepared, whole)["x"][0].transpose(1, 2, 0)
    assert picture.original == whole.shape[:2]
    differences = np.abs(picture.pixels - right)
    assert differences.mean() < 0.5
    assert differences.max() <= 6


def test_what_is_sent_whole_is_scaled_but_not_cropped() -> None:
    prepared = _card(_resize("crop", "bilinear", 20), (16, 16))
    picture = picture_of(prepared, _smooth(40, 80), fitted=True)
    assert picture.fitted is not None
    assert (picture.fitted.shape, picture.pixels.shape) == ((20, 40, 3), (16, 16, 3))
    np.testing.assert_array_equal(picture.pixels, picture.fitted[2:18, 12:28])
    small = picture_of(prepared, _smooth(5, 9), fitted=True)
    assert small.fitted is not None
    assert small.fitted.shape == (5, 9, 3)
