"""Bytes per frame of a video stream with deltas, against whole boundary tensors at equal bits.

hall.mp4 (a static camera) through YOLOX-nano, cut at the smallest boundary (the cut that plans choose at
about 1 Mbit/s) and at its stride-8 output. Ranges of the codes and thresholds come from the first 4 seconds,
figures from the rest. Boxes are compared with those of whole frames at equal bits: same class, overlap of at
least 0.5, counted both ways. All goes through the agent's sender, the wire, and the cloud's store; each cloud
answer arrives before the next frame, or two frames later (``lag``). ``still`` inputs emulate change masks: a
pixel that differs by at most 8 from the value last used there keeps that value.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.hall.boxes import same_boxes
from benchmarks.hall.network import Hall, Part, load_hall
from benchmarks.report import write_result
from cloud.streams import StreamStore, restore
from edge.payloads import boundary_frame
from edge.streams.delta import DeltaSender, DeltaSettings, Sent
from kernels.codec import decode_tensor
from shared.plan import Plan
from shared.wire import decode_frame

TUNING_FRAMES: Final = 100
CUTS: Final = {"smallest": 19, "stride-8": 36}
THRESHOLDS: Final = {8: (0, 1, 2, 4, 6, 8, 12, 16), 6: (0, 1, 2, 3, 4), 4: (0, 1, 2)}
BOXES_EVERY: Final = 3
TARGET_RATIO: Final = 1 / 3
TARGET_BOXES: Final = 0.98
STILL: Final = 8.0

Floats = NDArray[np.float32]
Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Stretch:
    """What came out of a stretch of the video: means over its frames, and the share of boxes that stayed."""

    wire_bytes: float
    encode_s: float
    decode_s: float
    key_frames: int
    boxes: float


def main() -> None:
    """Measure and write the result."""
    hall = load_hall()
    rows = [row for name, index in CUTS.items() for row in _cut_rows(hall, name, index)]
    write_result("hall_delta", {"target_ratio": TARGET_RATIO, "target_boxes": TARGET_BOXES, "rows": rows})
    for row in rows:
        print(
            f"{row['cut']:>9} {row['bits']} bits {row['input']:>8} threshold {row['threshold']:>2}"
            f" lag {row['lag']}: {row['wire_bytes']:7.0f} of {row['full_bytes']:7.0f} bytes,"
            f" ratio {row['ratio']:.3f}, boxes {row['boxes']:.4f}"
        )


def _cut_rows(hall: Hall, name: str, index: int) -> Iterator[dict[str, Any]]:
    part = hall.part(index)
    made = {"as it is": part.made(hall.inputs()), "still": part.made(_still(hall.inputs()))}
    for bits, thresholds in THRESHOLDS.items():
        plan = part.plan(bits, made["as it is"][:TUNING_FRAMES])
        whole = [decoded(boundary_frame("frame", plan, tensors)) for tensors in made["as it is"]]
        wanted = [part.boxes(tensors) for tensors in whole[::BOXES_EVERY]]
        sizes = [len(boundary_frame("frame", plan, tensors)) for tensors in made["as it is"][TUNING_FRAMES:]]
        full_bytes = statistics.fmean(sizes)
        full_s = statistics.median(_seconds(plan, tensors) for tensors in made["as it is"][TUNING_FRAMES:])
        for kind, frames in made.items():
            tuned = _threshold(part, plan, frames[:TUNING_FRAMES], wanted, thresholds)
            for threshold in sorted({0, tuned}):
                for lag in (0, 2):
                    got = play(part, plan, frames, wanted, threshold, lag)
                    yield {
                        "cut": name,
                        "bits": bits,
                        "input": kind,
                        "threshold": threshold,
                        "lag": lag,
                        "wire_bytes": got.wire_bytes,
                        "full_bytes": full_bytes,
                        "ratio": got.wire_bytes / full_bytes,
                        "boxes": got.boxes,
                        "key_frames": got.key_frames,
                        "encode_s": got.encode_s,
                        "full_encode_s": full_s,
                        "decode_s": got.decode_s,
                    }


def _threshold(
    part: Part, plan: Plan, frames: Sequence[Tensors], wanted: Sequence[Any], thresholds: Sequence[int]
) -> int:
    """The largest threshold that keeps the boxes on these frames."""
    best = 0
    for threshold in thresholds[1:]:
        if play(part, plan, frames, wanted, threshold, 0, start=0).boxes < TARGET_BOXES:
            break
        best = threshold
    return best


def play(
    part: Part,
    plan: Plan,
    frames: Sequence[Tensors],
    wanted: Sequence[Any],
    threshold: int,
    lag: int,
    start: int = TUNING_FRAMES,
) -> Stretch:
    """Send the frames from ``start`` on as a stream of its own; ``lag`` frames are always unanswered."""
    sender, store = DeltaSender(1, DeltaSettings(threshold=threshold)), StreamStore()
    under_way: list[Sent] = []
    sizes, encode_s, decode_s, kept, all_boxes, keys = [], [], [], 0, 0, 0
    for number in range(start, len(frames)):
        began_s = time.perf_counter()
        sent = sender.encode("frame", "hall", plan, frames[number])
        encode_s.append(time.perf_counter() - began_s)
        began_s = time.perf_counter()
        values = _restored(store, sent)
        decode_s.append(time.perf_counter() - began_s)
        sizes.append(len(sent.content))
        keys += sent.base == 0
        under_way.append(sent)
        if len(under_way) > lag:
            sender.acknowledged(under_way.pop(0))
        if number % BOXES_EVERY == 0:
            same, total = same_boxes(part.boxes(values), wanted[number // BOXES_EVERY])
            kept, all_boxes = kept + same, all_boxes + total
    return Stretch(
        statistics.fmean(sizes),
        statistics.median(encode_s),
        statistics.median(decode_s),
        keys,
        kept / max(all_boxes, 1),
    )


def _restored(store: StreamStore, sent: Sent) -> Tensors:
    frame = decode_frame(sent.content)
    if frame.stream is None:
        raise SystemExit("a frame of a stream came out as one that stands alone")
    return {name: codes.values() for name, codes in restore(store, frame, frame.stream).items()}


def decoded(content: bytes) -> Tensors:
    """The tensors of a frame that stands alone."""
    return {tensor.name: decode_tensor(tensor) for tensor in decode_frame(content).tensors}


def _seconds(plan: Plan, tensors: Tensors) -> float:
    began_s = time.perf_counter()
    boundary_frame("frame", plan, tensors)
    return time.perf_counter() - began_s


def _still(inputs: Iterator[Floats]) -> Iterator[Floats]:
    used: Floats | None = None
    for values in inputs:
        if used is None:
            used = values
        else:
            moved = (np.abs(values - used) > STILL).any(axis=1, keepdims=True)
            used = np.where(moved, values, used)
        yield used


if __name__ == "__main__":
    main()
