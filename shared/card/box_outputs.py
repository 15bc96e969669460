"""Output kinds of detectors: how boxes are written, and when one counts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from evosplit.shared.card.part import OneTensor, Part, Share


class YoloxOutput(OneTensor):
    """``(1, anchors, 5 + classes)``: a box relative to its grid cell, objectness and class scores in 0..1."""

    kind: Literal["boxes-yolox"]
    strides: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(8, 16, 32), min_length=1)
    score: Share = 0.3
    overlap: Share = 0.45


class Yolov5Output(OneTensor):
    """``(1, boxes, 5 + classes)``: centre and sides in pixels of the input, objectness and class scores."""

    kind: Literal["boxes-yolov5"]
    score: Share = 0.25
    overlap: Share = 0.45


class Yolov8Output(OneTensor):
    """``(1, 4 + classes + rest, boxes)``: centre and sides in pixels of the input, and class scores.

    ``rest`` counts channels behind the classes that are not read: coefficients of masks, key points.
    """

    kind: Literal["boxes-yolov8"]
    rest: int = Field(default=0, ge=0)
    score: Share = 0.25
    overlap: Share = 0.45


class BoxRowsOutput(OneTensor):
    """``(1, boxes, 6)``: left, top, right, bottom in pixels of the input, score and class, suppressed."""

    kind: Literal["boxes-rows"]
    score: Share = 0.25


class SsdOutput(Part):
    """Decoded boxes ``(1, boxes, 4)`` with scores ``(1, boxes, classes)``, or suppressed within the graph.

    With ``classes``, an output of the class of each box, scores are ``(1, boxes)`` and what is there stays.
    ``background`` is the class of no thing: labels and the numbers of classes in results leave it out.
    ``order`` is that of the corners, ``unit`` shares of the input or its pixels.
    """

    kind: Literal["boxes-ssd"]
    scores: str = "scores"
    boxes: str = "boxes"
    classes: str | None = None
    background: int | None = Field(default=0, ge=0)
    order: Literal["left-top", "top-left"] = "left-top"
    unit: Literal["shares", "pixels"] = "shares"
    score: Share = 0.5
    overlap: Share = 0.45


class UltraFaceOutput(Part):
    """Scores ``(1, anchors, 2)`` of background and face, and boxes ``(1, anchors, 4)``.

    ``encoded`` boxes are offsets from the detector's anchors; others are corners in 0..1 of the input.
    """

    kind: Literal["faces-ultraface"]
    scores: str = "scores"
    boxes: str = "boxes"
    encoded: bool = True
    score: Share = 0.7
    overlap: Share = 0.3
