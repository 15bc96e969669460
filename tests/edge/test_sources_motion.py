from __future__ import annotations

import io

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from evosplit.edge.sources.motion import MotionGate
from evosplit.edge.sources.video_picture import planar_picture
from evosplit.shared.input_picture import PictureContent


def _yard(car_px: int | None = None, noise: float = 4.0, seed: int = 0) -> NDArray[np.uint8]:
    """A grey yard of 1280x720 with a sensor's noise, and a car of 160x90 in it."""
    rng = np.random.default_rng(seed)
    pixels = np.full((720, 1280, 3), 110.0)
    if car_px is not None:
        pixels[400:490, car_px : car_px + 160] = 180.0
    return np.clip(pixels + rng.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def _taken(gate: MotionGate, pictures: list[PictureContent]) -> list[int]:
    taken = []
    for number, picture in enumerate(pictures):
        cells = gate.cells(picture)
        if gate.passes(cells):
            taken.append(number)
            gate = gate.behind(cells)
    return taken


def test_the_first_picture_and_those_with_motion_are_taken() -> None:
    still = [_yard(seed=seed) for seed in range(3)]
    moving = [_yard(car_px, seed=9) for car_px in (0, 200, 400)]
    assert _taken(MotionGate(0.005), [*still, *moving, moving[-1]]) == [0, 3, 4, 5]


def test_what_creeps_is_taken_in_the_end() -> None:
    brightening = [np.full((90, 160, 3), 100 + 3 * step, np.uint8) for step in range(7)]
    assert _taken(MotionGate(0.01), list(brightening)) == [0, 3, 6]


def test_picture_files_are_compared_as_well() -> None:
    pictures: list[PictureContent] = [_jpeg(_yard(seed=1)), _jpeg(_yard(seed=2)), _jpeg(_yard(300))]
    assert _taken(MotionGate(0.005), pictures) == [0, 2]


def test_planes_are_compared_as_pixels_are() -> None:
    scenes = [_yard(seed=1), _yard(seed=2), _yard(300)]
    frames = [
        av.VideoFrame.from_ndarray(scene, format="rgb24").reformat(format="yuv420p") for scene in scenes
    ]
    assert _taken(MotionGate(0.005), [planar_picture(frame) for frame in frames]) == [0, 2]


@pytest.mark.parametrize("share", [None, 0.01])
def test_all_pass_without_a_share_and_where_nothing_can_be_compared(share: float | None) -> None:
    gate = MotionGate(share)
    assert _taken(gate, [b"no picture", b"no picture"]) == [0, 1]
    assert _taken(gate, [np.zeros((1, 1, 3), np.uint8), np.zeros((8, 12, 3), np.uint8)]) == [0, 1]
    if share is None:
        assert _taken(gate, [_yard(), _yard()]) == [0, 1]
