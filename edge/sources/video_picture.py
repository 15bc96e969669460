"""Picture of a video (AVFrame): its planes where they lie, or RGB where it is not planar YUV of 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.pictures import PlanarPicture, Plane

if TYPE_CHECKING:
    from av import VideoFrame

_WITHOUT_SUBSAMPLING: Final = {
    "yuv420p": "yuv444p",
    "yuv422p": "yuv444p",
    "yuv444p": "yuv444p",
    "yuvj420p": "yuvj444p",
    "yuvj422p": "yuvj444p",
    "yuvj444p": "yuvj444p",
}
"""Of the planar formats of 8 bits: the same colours with all planes of one size."""


def is_planar(frame: VideoFrame) -> bool:
    """Whether `planar_picture` takes it, without converting anything."""
    return frame.format.name in _WITHOUT_SUBSAMPLING


def planar_picture(frame: VideoFrame) -> PlanarPicture:
    """The planes of a frame, which keep it alive. Its own matrix and range say what their colours are."""
    first, second, third = (
        Plane(np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size), plane.width)
        for plane in frame.planes
    )
    return PlanarPicture(
        (first, second, third), lambda planes: _to_rgb(frame, planes), lambda: whole_picture(frame)
    )


def whole_picture(frame: VideoFrame) -> NDArray[np.uint8]:
    """All of a frame, (H, W, 3) uint8 RGB."""
    pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    return pixels


def _to_rgb(frame: VideoFrame, planes: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """FFmpeg's conversion, of planes of one size."""
    height, width = planes[0].shape
    small = type(frame)(width, height, _WITHOUT_SUBSAMPLING[frame.format.name])
    for plane, values in zip(small.planes, planes, strict=True):
        np.frombuffer(plane, np.uint8).reshape(height, plane.line_size)[:, :width] = values
    pixels: NDArray[np.uint8] = small.to_ndarray(
        format="rgb24", src_colorspace=frame.colorspace, src_color_range=frame.color_range
    )
    return pixels
