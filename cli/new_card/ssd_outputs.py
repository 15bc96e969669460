"""Recognition of outputs of single-shot detectors: boxes beside scores, suppressed or not."""

from __future__ import annotations

from typing import Final

from evosplit.cli.new_card.guess import Guess, Outputs
from evosplit.shared.card.ultraface_anchors import anchor_count

_DECODING: Final = {"Exp", "NonMaxSuppression"}


def guess_ssd(outputs: Outputs) -> Guess | None:
    """Two outputs of as many boxes as scores, or three with the class of each. None for anything else."""
    boxes = next((name for name, shape in outputs.shapes.items() if _is_boxes(outputs, name, shape)), None)
    if boxes is None:
        return None
    count = outputs.shapes[boxes][1]
    if guess := _suppressed(outputs, boxes, count):
        return guess
    scores = next(
        (name for name, shape in outputs.shapes.items() if name != boxes and shape[:2] == (1, count)), None
    )
    if scores is None or len(outputs.shapes[scores]) != 3:
        return None
    return _pair(outputs, boxes, scores, count)


def _is_boxes(outputs: Outputs, name: str, shape: tuple[int, ...]) -> bool:
    """With four classes scores have the shape of boxes: then the name says which is which."""
    return len(shape) == 3 and shape[0] == 1 and shape[2] == 4 and name != outputs.named("score", "conf")


def _suppressed(outputs: Outputs, boxes: str, count: int) -> Guess | None:
    scores, classes = outputs.named("score"), outputs.named("class", "label")
    if scores is None or classes is None or len({boxes, scores, classes}) < 3:
        return None
    if any(outputs.shapes[name] != (1, count) for name in (scores, classes)):
        return None
    output = {
        "kind": "boxes-ssd",
        "scores": scores,
        "boxes": boxes,
        "classes": classes,
        **({"order": "top-left"} if boxes.startswith("detection_") else {}),
    }
    why = f"SSD: {boxes}, {scores} and {classes} of {count} suppressed boxes"
    return Guess("ssd", output, "likely", why)


def _pair(outputs: Outputs, boxes: str, scores: str, count: int) -> Guess | None:
    classes = outputs.shapes[scores][2]
    decoded = bool(_DECODING & set(outputs.seen.ops_before(boxes)))
    shapes = f"{boxes} (1, {count}, 4) beside {scores} (1, {count}, {classes})"
    if classes == 2 and count == anchor_count(outputs.size):
        output = {"kind": "faces-ultraface", "scores": scores, "boxes": boxes}
        why = f"Ultra-Light-Fast faces: {shapes}, {count} are its anchors"
        encoded = {} if not decoded else {"encoded": False}
        return Guess("ultraface", output | encoded, "sure", why, 1, ("face",))
    if not decoded:
        return None
    output = {"kind": "boxes-ssd", "scores": scores, "boxes": boxes}
    why = f"SSD: {shapes}, and the graph decodes its anchors"
    return Guess("ssd", output, "likely", why, classes - 1)
