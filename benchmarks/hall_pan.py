"""Moving camera: change masks that follow it, against those that do not and against the dense head.

A window of 960 x 540 moves over the video of a hall (its people walk on), so many pixels of the network's
input a frame, back and forth. It is cut out at full size, encoded (H.264) and decoded, as a camera's picture
is; then scaled to YOLOX-nano's input by the project's preprocessing. The head goes down to the backbone's
stride 8, with 8 levels and blocks of 8 (`benchmarks/hall_change.py` chose them for a camera that stands).
`as_it_is` compares each frame at the same place; `followed` finds the shift itself, by
`evosplit.edge.streams.scene_windows`. Nothing is told how the camera moves.
`density`: share of the head's arithmetic, mean of the frames after the first. `boxes_found` and `boxes_true`:
share of the dense network's boxes, of the same inputs, that are found, and of the found ones that it has too,
as in `hall_change`. `nudge_found`, `nudge_true`: the same of the dense network on nudged inputs against it on
those without a nudge: how its answers depend on where the pixels of the input lie. Times are means per frame
of processor time, one thread, all ways in turns frame by frame (`speed_up`: dense to this): of the head
alone; and of `prepare`, from the decoded picture to the network's input, the search for the shift included.
`computed_whole`: share of frames of which all was computed.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.hall_change import SHARED, Boxes, _down_to, _same
from benchmarks.report import write_result
from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.masked import MaskedSegment
from evosplit.edge.backends.segment import FrameContext
from evosplit.edge.streams.scene_windows import SceneWindows
from evosplit.library.card_files import find_card
from evosplit.shared.card import load_card
from evosplit.shared.graph import load_graph
from evosplit.shared.input_picture import Picture, read_picture
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import sized_input
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model

Pixels = NDArray[np.uint8]
T = TypeVar("T")
FRAMES: Final = 100
EVERY: Final = 2
"""Of 50 pictures a second."""
SPEEDS: Final = (
    *((0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.0, 1.3), (0.0, 2.0), (0.0, 2.6), (0.0, 4.0)),
    *((0.0, 8.0), (0.0, 16.0), (1.3, 2.6)),
)
"""Rows and columns of the input a frame."""
INPUT: Final = 416
WINDOW: Final = (540, 960)
SCALE: Final = INPUT / WINDOW[1]
REACH: Final = (72, 128)
"""Pixels of the input by which the window can go down and to the right."""
HEAD: Final = "781"
LEVELS: Final = 8
BLOCK: Final = 8
STREAM: Final = "hall"
TENSOR: Final = "images"


def main() -> None:
    """Measure and write the result."""
    scenes, network = _scenes(), _Network()
    rows = [_measured(_panned(scenes, speed), speed, network) for speed in SPEEDS]
    write_result("hall_pan", {"window": WINDOW, "levels": LEVELS, "block": BLOCK, "pans": rows})


class _Network:
    """YOLOX-nano in two parts."""

    def __init__(self) -> None:
        path = SHARED / "models" / "yolox_nano.onnx"
        graph, self.card = load_graph(path), load_card(find_card(path))
        cut = _down_to(graph, HEAD)
        self.head, self.dense = head_model(graph, cut), Runner(head_model(graph, cut), 1)
        self._tail = Runner(tail_model(graph, cut), 2)

    def masked(self) -> MaskedSegment:
        """The head, computed where frames change."""
        return MaskedSegment(self.head, 1, ChangeSettings(LEVELS, block=BLOCK, dense_takes_over=False))

    def feeds(self, picture: Picture) -> dict[str, NDArray[np.float32]]:
        """What the head reads."""
        return sized_input(self.card, picture.pixels)

    def boxes(self, made: Mapping[str, NDArray[Any]], picture: Picture) -> Boxes:
        """What the rest of the network finds."""
        outputs = self._tail.run(dict(made))
        boxes: Boxes = postprocess(self.card, outputs, picture.original, picture.nudge).outcome["boxes"]
        return boxes


@dataclass
class _Tally:
    """Boxes: of all that were ``given`` and ``wanted``, how many pairs."""

    found: int = 0
    given: int = 0
    wanted: int = 0

    def count(self, boxes: Boxes, dense: Boxes) -> None:
        """Compare a frame's boxes."""
        self.found += _same(dense, boxes)
        self.given, self.wanted = self.given + len(boxes), self.wanted + len(dense)


def _measured(views: Sequence[Pixels], speed: tuple[float, float], network: _Network) -> dict[str, Any]:
    still, followed, nudged, dense_s = _Way(network), _Way(network), _Tally(), list[float]()
    windows = SceneWindows()
    for view in views:
        bare = still.prepare(functools.partial(read_picture, network.card, view))
        picture = followed.prepare(functools.partial(windows.read, network.card, STREAM, view))
        whole, seconds = _timed(functools.partial(network.dense.run, network.feeds(bare)))
        dense_s.append(seconds)
        right, right_nudged = (
            network.boxes(whole, bare),
            network.boxes(network.dense.run(network.feeds(picture)), picture),
        )
        nudged.count(right_nudged, right)
        still.answer(bare, right)
        context = followed.answer(picture, right_nudged)
        windows.learn(STREAM, context.spacings.get(TENSOR), float(context.changes[TENSOR].mean()))
    return {
        "pixels_per_frame": speed,
        "dense_head_ms": _mean_ms(dense_s),
        "as_it_is": still.row(dense_s),
        "followed": {**followed.row(dense_s), **_shares("nudge", nudged)},
    }


class _Way:
    """Masked frames of one stream, and what they took."""

    def __init__(self, network: _Network) -> None:
        self._network, self._head, self._boxes = network, network.masked(), _Tally()
        self._density, self._head_s, self._prepare_s = list[float](), list[float](), list[float]()

    def prepare(self, read: Callable[[], Picture]) -> Picture:
        """A frame's picture."""
        picture, seconds = _timed(read)
        self._prepare_s.append(seconds)
        return picture

    def answer(self, picture: Picture, right: Boxes) -> FrameContext:
        """Compare what is found with ``right``."""
        context = FrameContext(STREAM, windows={} if picture.window is None else {TENSOR: picture.window})
        made, seconds = _timed(functools.partial(self._head.run, self._network.feeds(picture), context))
        self._head_s.append(seconds)
        self._density.append(self._head.density)
        self._boxes.count(self._network.boxes(made, picture), right)
        return context

    def row(self, dense_s: Sequence[float]) -> dict[str, Any]:
        """All of it."""
        return {
            "density": round(statistics.mean(self._density[1:]), 3),
            "computed_whole": round(statistics.mean(share == 1 for share in self._density[1:]), 3),
            "head_ms": _mean_ms(self._head_s),
            "speed_up": round(statistics.mean(dense_s[1:]) / statistics.mean(self._head_s[1:]), 2),
            "prepare_ms": _mean_ms(self._prepare_s),
            **_shares("boxes", self._boxes),
        }


def _shares(name: str, tally: _Tally) -> dict[str, float]:
    return {
        f"{name}_found": round(tally.found / max(tally.wanted, 1), 3),
        f"{name}_true": round(tally.found / max(tally.given, 1), 3),
    }


def _mean_ms(seconds: Sequence[float]) -> float:
    return round(statistics.mean(seconds[1:]) * 1e3, 2)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.thread_time()
    made = work()
    return made, time.thread_time() - start


def _scenes() -> list[Pixels]:
    with av.open(str(SHARED / "data" / "video" / "hall.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return pictures[: FRAMES * EVERY : EVERY]


def _panned(scenes: Sequence[Pixels], speed: tuple[float, float]) -> list[Pixels]:
    """What the camera shows, coded."""
    places = [
        [round(_to_and_fro(by * number, reach) / SCALE) for by, reach in zip(speed, REACH, strict=True)]
        for number in range(len(scenes))
    ]
    return _coded(
        [
            np.ascontiguousarray(scene[top : top + WINDOW[0], left : left + WINDOW[1]])
            for scene, (top, left) in zip(scenes, places, strict=True)
        ]
    )


def _to_and_fro(way: float, reach: int) -> float:
    return reach - abs(way % (2 * reach) - reach)


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


if __name__ == "__main__":
    main()
