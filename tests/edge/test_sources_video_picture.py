"""Planes of FFmpeg's frames: scaled and converted as near to their colours as converting them whole."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from card_examples import card
from numpy.typing import NDArray
from PIL import Image

from evosplit.edge.sources.video_picture import is_planar, planar_picture, whole_picture
from evosplit.shared.input_picture import read_picture

FORMATS = ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p"]
LUMA = {Colorspace.ITU601: (0.299, 0.114), Colorspace.ITU709: (0.2126, 0.0722)}
"""Weights of red and blue (ITU-R BT.601 and BT.709)."""
LEVELS = 1.0


def _scene(height: int, width: int) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def _frame(pixel_format: str, matrix: Colorspace, shape: tuple[int, int] = (360, 638)) -> av.VideoFrame:
    full = "j" in pixel_format
    told = ColorRange.JPEG if full else ColorRange.MPEG
    made = av.VideoFrame.from_ndarray(_scene(*shape), format="rgb24")
    frame = made.reformat(format=pixel_format, dst_colorspace=matrix, dst_color_range=told)
    frame.colorspace, frame.color_range = matrix, told
    return frame


def _true_colours(frame: av.VideoFrame, matrix: Colorspace) -> NDArray[np.float64]:
    """The slow oracle: the standard's formulas, not rounded."""
    planes = [
        np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width] for plane in frame.planes
    ]
    luma = planes[0].astype(np.float64)
    down, across = (round(a / b) for a, b in zip(luma.shape, planes[1].shape, strict=True))
    blue, red = (plane.repeat(down, 0).repeat(across, 1) - 128.0 for plane in planes[1:])
    if "j" not in frame.format.name:
        luma, blue, red = (luma - 16) * 255 / 219, blue * 255 / 224, red * 255 / 224
    of_red, of_blue = LUMA[matrix]
    r, b = luma + 2 * (1 - of_red) * red, luma + 2 * (1 - of_blue) * blue
    g = (luma - of_red * r - of_blue * b) / (1 - of_red - of_blue)
    return np.clip(np.stack([r, g, b], -1), 0, 255)


@pytest.mark.parametrize("matrix", LUMA)
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_scaled_planes_have_the_true_colours(pixel_format: str, matrix: Colorspace) -> None:
    frame = _frame(pixel_format, matrix)
    prepared = card(input__tensor="x", input__size=(96, 96), input__resize={"kind": "stretch"})
    got = read_picture(prepared, planar_picture(frame)).pixels
    true = np.round(_true_colours(frame, matrix)).astype(np.uint8)
    assert np.abs(got - read_picture(prepared, true).pixels.astype(float)).mean() < LEVELS
    assert np.abs(got - read_picture(prepared, whole_picture(frame)).pixels.astype(float)).mean() < 2 * LEVELS


def test_the_whole_is_ffmpegs_own_conversion() -> None:
    frame = _frame("yuv420p", Colorspace.ITU709, (35, 51))
    picture = planar_picture(frame)
    assert picture.shape == (35, 51)
    np.testing.assert_array_equal(picture.whole(), frame.to_ndarray(format="rgb24"))
    assert picture.sampled(5).shape == (7, 11, 3)


@pytest.mark.parametrize("pixel_format", ["rgb24", "gray", "nv12", "yuyv422", "yuv420p10le"])
def test_other_formats_are_not_taken_by_planes(pixel_format: str) -> None:
    frame = av.VideoFrame.from_ndarray(_scene(32, 48), format="rgb24").reformat(format=pixel_format)
    assert not is_planar(frame)
    assert whole_picture(frame).shape == (32, 48, 3)
