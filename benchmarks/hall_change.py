"""Change-driven execution: YOLOX-nano over a video of a hall, its head computed only where it changed.

The head is everything down to the backbone's stride-8 output (36 of 153 layers, 30 % of the arithmetic, one
boundary tensor); beside it, with the same settings, the head down to the neck's stride-8 output, which
needs the layers of strides 16 and 32 first. Settings are chosen on the first three seconds: of the grid,
the fastest that keep at least `WANTED` of the boxes there. All else is measured on the rest of the video.
Boxes are those after the rest of the network and the project's postprocessing, dense against masked, same
class and IoU of at least 0.5: `found` is the share of dense boxes that the masked answer has, `true` the
share of its own boxes that are among the dense ones. Times are per frame, change detection, output and full
refreshes included, with equal threads in one process, in two ways. `turns`: dense and masked head take turns
frame by frame and the rest of the network runs in between, twice, so that either finds the caches cold.
`passes`: each head runs the frames one after the other, as on an edge whose tail is elsewhere, dense and
masked pass by pass. The dense backend may not take over here.
"""

from __future__ import annotations

import functools
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import write_result
from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.masked import MaskedSegment
from evosplit.edge.backends.segment import FrameContext
from evosplit.library.card_files import find_card
from evosplit.shared.card import Card, load_card
from evosplit.shared.graph import Cut, Graph, load_graph, make_cut
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model

SHARED: Final = Path(__file__).resolve().parents[2] / "shared"
CALIBRATION_FRAMES: Final = 75
WANTED: Final = 0.985
REFRESH_FRAMES: Final = 100
PASSES: Final = 5
HEADS: Final = {"backbone's stride 8": "781", "neck's stride 8": "956"}


def _settings(threshold: float, tolerance: float, block: int) -> ChangeSettings:
    return ChangeSettings(threshold, tolerance, REFRESH_FRAMES, block=block, dense_takes_over=False)


EXACT: Final = _settings(0.0, 0.0, 1)
GRID: Final = (
    *(_settings(float(t), tolerance, 4) for t in (4, 8, 12) for tolerance in (0.0, 0.02, 0.05)),
    *(_settings(8.0, tolerance, 8) for tolerance in (0.0, 0.02, 0.03)),
    _settings(8.0, 0.0, 1),
)

Floats = NDArray[np.float32]
Boxes = list[dict[str, Any]]


@dataclass(frozen=True)
class Video:
    """Frames (1, 3, 416, 416) as the network reads them, kept as bytes, and the pictures' (height, width)."""

    frames: NDArray[np.uint8]
    size: tuple[int, int]

    def feeds(self, part: slice) -> Iterator[dict[str, Floats]]:
        """Some of the frames, as the head reads them."""
        for frame in self.frames[part]:
            yield {"images": frame[None].astype(np.float32)}


@dataclass(frozen=True, eq=False)
class Part:
    """One head with its tail."""

    graph: Graph
    cut: Cut
    card: Card
    video: Video

    def boxes(self, tail: Runner, tensors: dict[str, Floats]) -> Boxes:
        """What the rest of the network finds."""
        boxes: Boxes = postprocess(self.card, tail.run(tensors), self.video.size).outcome["boxes"]
        return boxes


def main() -> None:
    load = os.getloadavg()
    model = SHARED / "models" / "yolox_nano.onnx"
    graph, card = load_graph(model), load_card(find_card(model))
    video = _video(card)
    parts = {name: Part(graph, _down_to(graph, tensor), card, video) for name, tensor in HEADS.items()}
    part = next(iter(parts.values()))
    first, rest = slice(0, CALIBRATION_FRAMES), slice(CALIBRATION_FRAMES, None)
    tried = [_measured(part, settings, first) for settings in GRID]
    chosen = _chosen(tried)
    result = {
        "other_processes_running_before": round(load[0], 2),
        "frames": {"calibration": CALIBRATION_FRAMES, "evaluation": len(video.frames) - CALIBRATION_FRAMES},
        "chosen_on_calibration_frames": _named(chosen),
        "turns": [
            {"head": name, "layers": len(part.cut.layers), **_measured(part, settings, rest, threads)}
            for name, part in parts.items()
            for settings in (chosen, EXACT)
            for threads in (1, 2)
        ],
        "passes": [
            {"head": name, **_passed(part, settings, rest, threads)}
            for name, part in parts.items()
            for settings in (chosen, EXACT)
            for threads in (1, 2)
        ],
        "calibration_grid": tried,
        "evaluation_grid": [_measured(part, settings, rest) for settings in GRID],
    }
    write_result("hall_change", result)


def _video(card: Card) -> Video:
    with av.open(str(SHARED / "data" / "video" / "hall.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    frames = [preprocess(card, picture)["images"][0] for picture in pictures]
    return Video(np.stack([frame.astype(np.uint8) for frame in frames]), pictures[0].shape[:2])


def _down_to(graph: Graph, tensor: str) -> Cut:
    """The layers that ``tensor`` depends on, itself included."""
    wanted, layers = {tensor}, []
    for layer in reversed(graph.layers):
        if wanted.intersection(layer.outputs):
            layers.append(layer.index)
            wanted.update(layer.inputs)
    return make_cut(graph, layers)


def _chosen(tried: Sequence[dict[str, Any]]) -> ChangeSettings:
    """The fastest of the grid that keeps enough boxes, or what keeps most."""
    good = [index for index, row in enumerate(tried) if min(row["boxes_found"], row["boxes_true"]) >= WANTED]
    if good:
        return GRID[max(good, key=lambda index: tried[index]["speed_up"])]
    return GRID[
        max(range(len(GRID)), key=lambda index: min(tried[index]["boxes_found"], tried[index]["boxes_true"]))
    ]


def _named(settings: ChangeSettings) -> dict[str, Any]:
    return {"threshold": settings.threshold, "tolerance": settings.tolerance, "block": settings.block}


def _measured(part: Part, settings: ChangeSettings, frames: slice, threads: int = 1) -> dict[str, Any]:
    model = head_model(part.graph, part.cut)
    dense, masked = Runner(model, threads), MaskedSegment(model, threads, settings)
    tail = Runner(tail_model(part.graph, part.cut), 2)
    times: list[tuple[float, float]] = []
    density, same, ours, theirs = [], 0, 0, 0
    for feeds in part.video.feeds(frames):
        start = time.perf_counter()
        whole = dense.run(feeds)
        middle = time.perf_counter()
        made = masked.run(feeds, FrameContext())
        times.append((middle - start, time.perf_counter() - middle))
        density.append(masked.density)
        expected, kept = part.boxes(tail, whole), part.boxes(tail, made)
        same, ours, theirs = same + _same(expected, kept), ours + len(kept), theirs + len(expected)
    whole_s, masked_s = ([pair[i] for pair in times[1:]] for i in (0, 1))
    return {
        **_named(settings),
        "threads": threads,
        "dense_ms": round(statistics.mean(whole_s) * 1e3, 3),
        "masked_ms": round(statistics.mean(masked_s) * 1e3, 3),
        "speed_up": round(statistics.mean(whole_s) / statistics.mean(masked_s), 3),
        "speed_up_of_medians": round(statistics.median(whole_s) / statistics.median(masked_s), 3),
        "density": round(statistics.mean(density[1:]), 4),
        "boxes": theirs,
        "boxes_found": round(same / theirs, 4),
        "boxes_true": round(same / ours, 4),
    }


def _passed(part: Part, settings: ChangeSettings, frames: slice, threads: int) -> dict[str, Any]:
    """Mean time of a frame in each of some passes, dense and masked in turns; the streams begin anew."""
    model = head_model(part.graph, part.cut)
    dense, masked = Runner(model, threads), MaskedSegment(model, threads, settings)
    whole_s, masked_s = [], []
    for _ in range(PASSES):
        whole_s.append(statistics.mean(_timed(dense.run, part.video.feeds(frames))))
        masked.forget(FrameContext().stream)
        run = functools.partial(masked.run, frame=FrameContext())
        masked_s.append(statistics.mean(_timed(run, part.video.feeds(frames))))
    ratios = [whole / made for whole, made in zip(whole_s, masked_s, strict=True)]
    return {
        **_named(settings),
        "threads": threads,
        "dense_ms": round(statistics.median(whole_s) * 1e3, 3),
        "masked_ms": round(statistics.median(masked_s) * 1e3, 3),
        "speed_up": round(statistics.median(ratios), 3),
        "speed_ups": [round(ratio, 3) for ratio in ratios],
    }


def _timed(run: Callable[[dict[str, Floats]], object], feeds: Iterator[dict[str, Floats]]) -> list[float]:
    seconds = []
    for feed in feeds:
        start = time.perf_counter()
        run(feed)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]  # the first frame of a stream is whole


def _same(expected: Boxes, boxes: Boxes) -> int:
    """Pairs of one class with an IoU of at least 0.5, each box once, best pairs first."""
    pairs = sorted(
        (
            (_overlap(a["box"], b["box"]), i, j)
            for i, a in enumerate(expected)
            for j, b in enumerate(boxes)
            if a["class"] == b["class"]
        ),
        reverse=True,
    )
    left: set[int] = set()
    right: set[int] = set()
    for overlap, i, j in pairs:
        if overlap >= 0.5 and i not in left and j not in right:
            left.add(i)
            right.add(j)
    return len(left)


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two corner boxes."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return both / max(areas - both, 1e-12)


if __name__ == "__main__":
    main()
