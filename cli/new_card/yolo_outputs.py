"""Recognition of YOLO's outputs: YOLOv5, YOLOv8 to 11, YOLOX, and suppressed rows."""

from __future__ import annotations

from typing import Final

from evosplit.cli.new_card.guess import Certainty, Guess, Outputs, cells

_ARITHMETIC: Final = {"Mul", "Pow", "Exp", "Add", "Sub"}
_REST: Final = {"segment": 32, "pose": 51}
"""Channels behind the classes: mask coefficients, 17 key points of three numbers."""

_MOST_ROWS: Final = 1000
"""Boxes that graphs give that suppress them; 300 is usual."""


def guess_yolo(outputs: Outputs) -> Guess | None:
    """One output of three axes whose longest counts boxes. None for anything else."""
    name = next(iter(outputs.shapes))
    shape = outputs.shapes[name]
    if len(shape) != 3 or shape[0] != 1 or outputs.seen.metadata.get("task") == "obb":
        return None
    if shape[2] == 6 and shape[1] <= _MOST_ROWS and shape[1] not in _counts(outputs):
        return _rows(name, shape)
    if shape[1] < shape[2] and shape[1] > 4:
        return _yolov8(outputs, name, shape)
    if shape[2] > 5 and shape[1] > shape[2]:
        return _with_objectness(outputs, name, shape)
    return None


def _counts(outputs: Outputs) -> tuple[int, int]:
    return cells(outputs.size), 3 * cells(outputs.size)


def _rows(name: str, shape: tuple[int, ...]) -> Guess:
    why = f"{name} (1, {shape[1]}, 6) is corners, score and class of suppressed boxes"
    return Guess("yolo", {"kind": "boxes-rows", "tensor": name}, "likely", why)


def _yolov8(outputs: Outputs, name: str, shape: tuple[int, ...]) -> Guess | None:
    labels = outputs.seen.labels
    rest = shape[1] - 4 - len(labels) if labels else _REST.get(outputs.seen.metadata.get("task", ""), 0)
    counted, classes = shape[2] == cells(outputs.size), shape[1] - 4 - rest
    if classes < 1 or rest < 0 or not (counted or outputs.seen.is_ultralytics):
        return None
    certainty: Certainty = "sure" if counted and outputs.seen.is_ultralytics else "likely"
    count = f"{shape[2]} boxes {'are' if counted else 'are not'} one a cell of strides 8, 16, 32"
    metadata = ", and the file says Ultralytics" if outputs.seen.is_ultralytics else ""
    output = {"kind": "boxes-yolov8", "tensor": name} | ({"rest": rest} if rest else {})
    why = f"YOLOv8 or 11: {name} (1, 4 + {classes}, boxes), {count}{metadata}"
    return Guess("yolo", output, certainty, why, classes)


def _with_objectness(outputs: Outputs, name: str, shape: tuple[int, ...]) -> Guess:
    """YOLOv5 and YOLOX have the same shape: arithmetic after the last convolutions decodes the grid."""
    decodes = bool(_ARITHMETIC & set(outputs.seen.ops_before(name)))
    one_a_cell, three_a_cell = (shape[1] == count for count in _counts(outputs))
    ending = "the graph ends in the grid's arithmetic" if decodes else "the graph ends without the grid's"
    anchors = "three" if three_a_cell else "one" if one_a_cell else "neither one nor three"
    why = f"{name} (1, boxes, 5 + {shape[2] - 5}), {anchors} a cell, and {ending}"
    if not decodes and one_a_cell:
        return Guess("yolox", {"kind": "boxes-yolox", "tensor": name}, "sure", f"YOLOX: {why}", shape[2] - 5)
    certainty: Certainty = (
        "sure" if decodes and three_a_cell else "likely" if decodes or three_a_cell else "a guess"
    )
    family, called = ("yolox", "YOLOX, decoded") if decodes and one_a_cell else ("yolo", "YOLOv5")
    output = {"kind": "boxes-yolov5", "tensor": name}
    return Guess(family, output, certainty, f"{called}: {why}", shape[2] - 5)
