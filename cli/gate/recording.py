"""Recording of the gate camera: pictures to calibrate by, and a video (PyAV) as a camera would send it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.cli.gate.backdrop import HEIGHT_PX, WIDTH_PX
from evosplit.cli.gate.camera import GateCamera
from evosplit.shared.errors import MissingExtraError

CALIBRATION_PICTURES: Final = 64
CALIBRATION_SEED: Final = 7001
CALIBRATION_STRIDE: Final = 9
"""Every ninth frame of the camera, so that several cars and empty lanes are among them."""
VIDEO_SEED: Final = 7004
VIDEO_RATE: Final = 6
"""Frames a second, as the camera gives them."""


def write_calibration(folder: Path, count: int = CALIBRATION_PICTURES) -> None:
    """PNG files named by the frame's number, from a stretch of many cars, into a folder that is there."""
    chosen = islice(GateCamera(CALIBRATION_SEED), 0, count * CALIBRATION_STRIDE, CALIBRATION_STRIDE)
    for frame in chosen:
        Image.fromarray(frame.image).save(folder / f"{frame.index:04}.png")


def gate_pictures(count: int) -> Iterator[NDArray[np.uint8]]:
    """The first frames of the video: ``(160, 320, 3) uint8`` RGB."""
    return (frame.image for frame in islice(GateCamera(VIDEO_SEED), count))


def write_video(path: Path, pictures: Iterator[NDArray[np.uint8]], rate: int = VIDEO_RATE) -> None:
    """MPEG-4 of ``(160, 320, 3) uint8`` RGB pictures. Raises MissingExtraError without PyAV."""
    try:
        import av  # an extra
    except ImportError:
        raise MissingExtraError("a video", "av", "video") from None
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width = HEIGHT_PX, WIDTH_PX
        stream.pix_fmt, stream.bit_rate = "yuv420p", 2_000_000
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
