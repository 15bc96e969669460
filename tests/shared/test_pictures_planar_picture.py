"""Scaling planes and converting last gives what converting a whole picture and then scaling it gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from card_examples import card
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.input_picture import read_picture
from evosplit.shared.pictures import PlanarPicture, Plane

Pixels = NDArray[np.uint8]
SUBSAMPLED = ((2, 2), (1, 2), (2, 1), (1, 1))
ROUNDINGS = 2
BORDER = 4
"""At the picture's edge the filter reaches less far over repeated chroma than over planes."""


def _rgb(planes: Sequence[Pixels]) -> Pixels:
    """Colours that need no conversion."""
    return np.stack(planes, -1)


def _plane(height: int, width: int, padding: int, seed: int) -> Plane:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 16 + 2, width // 16 + 2), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    rows = rng.integers(0, 256, (height, width + padding), dtype=np.uint8)
    rows[:, :width] = np.asarray(smooth)
    return Plane(rows, width)


def _picture(height: int, width: int, shared: tuple[int, int], padding: int = 0) -> PlanarPicture:
    few = (-(-height // shared[0]), -(-width // shared[1]))
    planes = (
        _plane(height, width, padding, 1),
        _plane(*few, padding, 2),
        _plane(*few, padding, 3),
    )
    repeated = [plane.values.repeat(shared[0], 0).repeat(shared[1], 1) for plane in planes[1:]]
    whole = _rgb([planes[0].values, *(plane[:height, :width] for plane in repeated)])
    return PlanarPicture(planes, _rgb, lambda: whole)


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(100, 300),
    width=st.integers(100, 300),
    shared=st.sampled_from(SUBSAMPLED),
    resize=st.sampled_from([{"kind": "crop", "shorter_side": 40}, {"kind": "pad"}, {"kind": "stretch"}]),
    smooth=st.sampled_from(["bilinear", "bicubic", "lanczos"]),
    fitted=st.booleans(),
)
def test_planes_are_scaled_as_the_whole_picture_is(
    height: int, width: int, shared: tuple[int, int], resize: dict[str, object], smooth: str, fitted: bool
) -> None:
    prepared = card(input__tensor="x", input__size=(32, 48), input__resize={**resize, "filter": smooth})
    picture = _picture(height, width, shared, padding=7)
    got, oracle = read_picture(prepared, picture, fitted), read_picture(prepared, picture.whole(), fitted)
    assert got.original == oracle.original == (height, width)
    gap = np.abs(got.pixels.astype(int) - oracle.pixels)
    assert gap[:, :, 0].max() <= 1
    assert gap.mean() < 1
    assert gap[BORDER:-BORDER, BORDER:-BORDER].max() <= 3 * ROUNDINGS
    if fitted:
        assert got.fitted is not None
        assert oracle.fitted is not None
        assert got.fitted.shape == oracle.fitted.shape


@pytest.mark.parametrize("size", [(60, 80), (64, 96), (200, 300)])
def test_what_is_hardly_scaled_down_is_converted_first(size: tuple[int, int]) -> None:
    """Else chroma would be enlarged, with another filter than the converter's."""
    prepared, picture = card(input__tensor="x", input__size=size), _picture(64, 96, (2, 2))
    exact = read_picture(prepared, picture.whole()).pixels
    np.testing.assert_array_equal(read_picture(prepared, picture).pixels, exact)


def test_padding_behind_rows_is_not_read() -> None:
    prepared = card(input__tensor="x", input__size=(32, 48))
    plain, padded = (_picture(200, 300, (2, 2), padding) for padding in (0, 20))
    np.testing.assert_array_equal(read_picture(prepared, plain).pixels, read_picture(prepared, padded).pixels)


@pytest.mark.parametrize("shared", SUBSAMPLED)
@pytest.mark.parametrize("shape", [(61, 97), (60, 96), (1, 1)])
def test_sampled_pixels_are_those_of_the_whole(shared: tuple[int, int], shape: tuple[int, int]) -> None:
    picture = _picture(*shape, shared, padding=3)
    for step in (1, 2, 5):
        np.testing.assert_array_equal(picture.sampled(step), picture.whole()[::step, ::step])
