"""Moving camera: what of a frame and of its activations a change mask that follows the shift could keep.

A window moves over the video of a hall, so many pixels of the network's input a frame, back and forth.
`exact`: the scene is scaled first and the window cut out in whole pixels, so that nothing but the shift
differs. `camera`: the window is cut out at full size, encoded (H.264) and scaled, as a camera's picture is.
A frame is compared with the one before, moved by the true shift in whole pixels; what was outside is new.
`blocks`: the share of 8 x 8 blocks of the input in which nothing differs by more than 8 levels, without
and with following. `activations`: of YOLOX-nano's backbone, the share of positions that equal those of the
frame before, moved, bit for bit, by stride; only a shift by a multiple of the stride can be followed there.
`density`: the share of the arithmetic down to stride 8 that change masks take (8 levels, blocks of 8),
without following, and with it where the shift is a multiple of 8, as if no padding had to be computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.hall_change import SHARED, _down_to
from benchmarks.report import write_result
from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.masked import MaskedSegment
from evosplit.edge.backends.segment import FrameContext
from evosplit.shared.graph import load_graph
from evosplit.shared.split import head_model

Pixels = NDArray[np.uint8]
FRAMES: Final = 30
EVERY: Final = 2
"""Of 50 pictures a second."""
SPEEDS: Final = (1.0, 1.3, 2.0, 2.6, 4.0, 8.0, 16.0)
INPUT: Final = 416
WINDOW: Final = (540, 960)
SCALE: Final = INPUT / WINDOW[1]
ROWS: Final = round(WINDOW[0] * SCALE)
"""Below them the network's input is padding."""
STRIDES: Final = {2: "687", 4: "721", 8: "781"}
BLOCK: Final = 8
LEVELS: Final = 8


def main() -> None:
    """Measure and write the result."""
    scenes, head = _scenes(), _Head()
    rows = [
        {"pan": kind, "pixels_per_frame": speed, **_measured(_panned(kind, scenes, speed), head)}
        for kind in ("exact", "camera")
        for speed in SPEEDS
        if kind == "camera" or speed.is_integer()
    ]
    write_result("hall_pan", {"window": WINDOW, "levels": LEVELS, "block": BLOCK, "pans": rows})


class _Head:
    """Activations of a frame by stride, all computed, by kernels whose sums do not depend on the place."""

    def __init__(self) -> None:
        graph = load_graph(SHARED / "models" / "yolox_nano.onnx")
        self._parts = {
            stride: (name, MaskedSegment(head_model(graph, _down_to(graph, name))))
            for stride, name in STRIDES.items()
        }
        change = ChangeSettings(LEVELS, 0.0, block=BLOCK, dense_takes_over=False)
        self._changing = MaskedSegment(head_model(graph, _down_to(graph, STRIDES[8])), change=change)

    def density(self, before: Pixels, now: Pixels) -> float:
        """Share of the arithmetic that a frame takes after another one."""
        self._changing.forget(FrameContext().stream)
        for picture in (before, now):
            self._changing.run(_feeds(picture), FrameContext())
        return self._changing.density

    def activations(self, picture: Pixels) -> dict[int, NDArray[np.float32]]:
        """(C, h, w) by stride."""
        feeds = _feeds(picture)
        return {
            stride: part.run(feeds, FrameContext())[name][0] for stride, (name, part) in self._parts.items()
        }


def _feeds(picture: Pixels) -> dict[str, NDArray[np.float32]]:
    return {"images": np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)}


def _scenes() -> list[Pixels]:
    with av.open(str(SHARED / "data" / "video" / "hall.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return pictures[: FRAMES * EVERY : EVERY]


def _panned(kind: str, scenes: Sequence[Pixels], speed: float) -> list[tuple[Pixels, float]]:
    """The network's inputs, with how far to the right the window was, in their pixels."""
    reach = 128  # of 138, so that whole speeds turn round at a whole pixel
    places = [reach - abs(speed * number % (2 * reach) - reach) for number in range(len(scenes))]
    if kind == "exact":
        return [(_cut(scene, round(place)), place) for scene, place in zip(scenes, places, strict=True)]
    lefts = [round(place / SCALE) for place in places]
    top = (scenes[0].shape[0] - WINDOW[0]) // 2
    views = [
        np.ascontiguousarray(scene[top : top + WINDOW[0], left : left + WINDOW[1]])
        for scene, left in zip(scenes, lefts, strict=True)
    ]
    scaled = [
        Image.fromarray(view).resize((INPUT, ROWS), Image.Resampling.BILINEAR) for view in _coded(views)
    ]
    return [(_padded(np.asarray(view)), left * SCALE) for view, left in zip(scaled, lefts, strict=True)]


def _cut(scene: Pixels, left: int) -> Pixels:
    height, width = (round(side * SCALE) for side in scene.shape[:2])
    small = np.asarray(Image.fromarray(scene).resize((width, height), Image.Resampling.BILINEAR))
    top = (height - ROWS) // 2
    return _padded(small[top : top + ROWS, left : left + INPUT])


def _padded(view: Pixels) -> Pixels:
    return np.pad(view, ((0, INPUT - ROWS), (0, 0), (0, 0)), constant_values=114)


def _coded(views: Sequence[Pixels]) -> list[Pixels]:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.height, encoder.width, encoder.pix_fmt, encoder.framerate = *WINDOW, "yuv420p", 25
    encoder.bit_rate, encoder.options = 4_000_000, {"tune": "zerolatency", "preset": "fast"}
    packets = [p for view in views for p in encoder.encode(av.VideoFrame.from_ndarray(view, format="rgb24"))]
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [frame for packet in (*packets, *encoder.encode(None), None) for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgb24") for frame in frames]


def _measured(frames: Sequence[tuple[Pixels, float]], head: _Head) -> dict[str, Any]:
    made = [head.activations(picture) for picture, _ in frames]
    still, followed = list[float](), list[float]()
    plain, moving = list[float](), list[float]()
    equal: dict[int, list[float]] = {stride: [] for stride in STRIDES}
    for number in range(1, len(frames)):
        (before, old), (now, new) = frames[number - 1 : number + 1]
        shift = round(new - old)
        gap = np.abs(now.astype(np.int16) - before).max(2)
        still.append(_blocks_kept(gap <= LEVELS))
        gap = np.abs(now.astype(np.int16) - _moved(before, shift, 1)).max(2)
        followed.append(_blocks_kept((gap <= LEVELS) & _covered(gap.shape, shift)))
        plain.append(head.density(before, now))
        is_followed = shift % max(STRIDES) == 0
        moving.append(head.density(_entered(before, now, shift), now) if is_followed else plain[-1])
        for stride in STRIDES:
            if shift % stride == 0:
                here, there = made[number][stride], _moved(made[number - 1][stride], shift // stride, 2)
                same = (here == there).all(0) & _covered(here.shape[1:], shift // stride)
                equal[stride].append(float(same[: ROWS // stride].mean()))
            else:
                equal[stride].append(0.0)
    return {
        "density": round(float(np.mean(plain)), 3),
        "density_followed": round(float(np.mean(moving)), 3),
        "blocks_kept": round(float(np.mean(still)), 3),
        "blocks_kept_followed": round(float(np.mean(followed)), 3),
        "activations_kept_followed": {
            str(stride): round(float(np.mean(shares)), 3) for stride, shares in equal.items()
        },
    }


def _moved(values: NDArray[Any], shift: int, axis: int) -> NDArray[Any]:
    return np.roll(values, -shift, axis)


def _entered(before: Pixels, now: Pixels, shift: int) -> Pixels:
    """The frame before, moved; what was outside differs from ``now`` in any case."""
    inside = _covered(now.shape, shift)[:, :, None]
    return np.where(inside, _moved(before, shift, 1), 255 - now)


def _covered(shape: Sequence[int], shift: int) -> NDArray[np.bool_]:
    """Columns that were inside the frame before."""
    columns = np.arange(shape[1]) + shift
    return np.broadcast_to((columns >= 0) & (columns < shape[1]), tuple(shape[:2]))


def _blocks_kept(same: NDArray[np.bool_]) -> float:
    rows = ROWS // BLOCK
    squares = same[: rows * BLOCK].reshape(rows, BLOCK, INPUT // BLOCK, BLOCK)
    return float(squares.all((1, 3)).mean())


if __name__ == "__main__":
    main()
