"""Validation of a detector's card against its model."""

from __future__ import annotations

from evosplit.shared.card.box_outputs import (
    BoxRowsOutput,
    SsdOutput,
    UltraFaceOutput,
    Yolov5Output,
    Yolov8Output,
    YoloxOutput,
)
from evosplit.shared.card.output_shapes import check_labels, expect, output_shape
from evosplit.shared.card.schema import Card
from evosplit.shared.card.ultraface_anchors import anchor_count
from evosplit.shared.graph.graph import Graph


def check_detector(card: Card, graph: Graph) -> None:
    """Outputs and labels of a card whose output kind is boxes; nothing for other kinds. Raises CardError."""
    output = card.output
    if isinstance(output, UltraFaceOutput):
        _check_faces(card, output, graph)
    elif isinstance(output, SsdOutput):
        _check_ssd(card, output, graph)
    elif isinstance(output, YoloxOutput):
        _check_yolox(card, output, graph)
    elif isinstance(output, (Yolov5Output, Yolov8Output, BoxRowsOutput)):
        _check_yolo(card, output, graph)


def yolox_anchors(size: tuple[int, int], strides: tuple[int, ...]) -> int:
    """Cells of a detector with one anchor per cell, over all of its strides."""
    return sum((size[0] // stride) * (size[1] // stride) for stride in strides)


def _check_faces(card: Card, output: UltraFaceOutput, graph: Graph) -> None:
    anchors = (
        anchor_count(card.input.size or (0, 0)) if output.encoded else output_shape(graph, output.scores)[1]
    )
    for name, last in ((output.scores, 2), (output.boxes, 4)):
        expect(output_shape(graph, name) == (1, anchors, last), graph, name, f"(1, {anchors}, {last})")
    check_labels(card, 1)


def _check_yolox(card: Card, output: YoloxOutput, graph: Graph) -> None:
    shape = output_shape(graph, output.tensor)
    anchors = yolox_anchors(card.input.size or (0, 0), output.strides)
    fits = len(shape) == 3 and shape[1] == anchors and shape[2] > 5
    wanted = f"(1, {anchors}, 5 + classes) for strides {list(output.strides)}"
    expect(fits, graph, output.tensor, wanted)
    check_labels(card, shape[2] - 5)


def _check_yolo(card: Card, output: Yolov5Output | Yolov8Output | BoxRowsOutput, graph: Graph) -> None:
    shape = output_shape(graph, output.tensor)
    is_three = len(shape) == 3 and shape[0] == 1
    if isinstance(output, BoxRowsOutput):
        expect(is_three and shape[2] == 6, graph, output.tensor, "(1, boxes, 6)")
    elif isinstance(output, Yolov5Output):
        expect(is_three and shape[2] > 5, graph, output.tensor, "(1, boxes, 5 + classes)")
        check_labels(card, shape[2] - 5)
    else:
        wanted = f"(1, 4 + classes + {output.rest}, boxes)"
        expect(is_three and shape[1] > 4 + output.rest, graph, output.tensor, wanted)
        check_labels(card, shape[1] - 4 - output.rest)


def _check_ssd(card: Card, output: SsdOutput, graph: Graph) -> None:
    boxes, scores = output_shape(graph, output.boxes), output_shape(graph, output.scores)
    expect(len(boxes) == 3 and boxes[2] == 4, graph, output.boxes, "(1, boxes, 4)")
    if output.classes is not None:
        for name in (output.scores, output.classes):
            expect(output_shape(graph, name) == boxes[:2], graph, name, f"(1, {boxes[1]})")
        return
    classes = scores[-1] - (output.background is not None)
    fits = len(scores) == 3 and scores[1] == boxes[1] and classes > 0
    expect(fits, graph, output.scores, f"(1, {boxes[1]}, classes)")
    expect((output.background or 0) < scores[2], graph, output.scores, f"a class {output.background}")
    check_labels(card, classes)
