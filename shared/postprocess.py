"""Postprocessing: a network's outputs to a reading, by the model card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.box_outputs import (
    BoxRowsOutput,
    SsdOutput,
    UltraFaceOutput,
    Yolov5Output,
    Yolov8Output,
    YoloxOutput,
)
from evosplit.shared.card.outputs import (
    ClassesOutput,
    ImageOutput,
    RawOutput,
    SegmentationOutput,
    TextCtcOutput,
    TextSlotsOutput,
)
from evosplit.shared.card.schema import Card
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.readings.classes import read_classes
from evosplit.shared.readings.image import read_image
from evosplit.shared.readings.raw import read_raw
from evosplit.shared.readings.reading import Reading
from evosplit.shared.readings.segmentation import read_segmentation
from evosplit.shared.readings.ssd import read_ssd, read_suppressed
from evosplit.shared.readings.text import read_ctc, read_slots
from evosplit.shared.readings.ultraface import read_ultraface
from evosplit.shared.readings.yolo import read_rows, read_yolov5, read_yolov8
from evosplit.shared.readings.yolox import read_yolox
from evosplit.shared.resize import Placement, place

__all__ = ["Reading", "postprocess"]

_Geometry: TypeAlias = Callable[[], tuple[tuple[int, int], Placement]]
"""The input's size, and where the picture lies in it."""

_PLACED: Final[Mapping[type, Callable[..., Reading]]] = {
    YoloxOutput: read_yolox,
    Yolov5Output: read_yolov5,
    Yolov8Output: read_yolov8,
    BoxRowsOutput: read_rows,
    SegmentationOutput: read_segmentation,
}
"""Readers of one tensor that need to know where the picture lies in the input."""


def postprocess(
    card: Card,
    outputs: Mapping[str, NDArray[Any]],
    original_size: tuple[int, int],
    nudge: tuple[float, float] = (0.0, 0.0),
) -> Reading:
    """The meaning of one frame's outputs; ``original_size`` is the picture's (height, width), for boxes.

    So are the pixels of the input (rows, columns) by which the picture was nudged.

    Raises CardError where the card names outputs that are not there or do not fit it, InputError for NaN.
    """
    try:
        return _read(card, outputs, lambda: _geometry(card, original_size, nudge))
    except (IndexError, ValueError) as misfit:
        shapes = ", ".join(f"{name} {list(values.shape)}" for name, values in outputs.items())
        raise CardError(
            f"the outputs ({shapes}) do not fit a card of kind {card.output.kind}: {misfit}"
        ) from None


def _read(card: Card, outputs: Mapping[str, NDArray[Any]], geometry: _Geometry) -> Reading:
    output = card.output
    if isinstance(output, RawOutput):
        return read_raw(outputs)
    if isinstance(output, UltraFaceOutput):
        scores, boxes = _values(outputs, output.scores), _values(outputs, output.boxes)
        return read_ultraface(output, card.labels, scores[0], boxes[0], *geometry())
    if isinstance(output, SsdOutput):
        return _ssd(card, output, outputs, geometry)
    values = _values(outputs, output.tensor)
    if isinstance(output, ClassesOutput):
        return read_classes(output, card.labels, values)
    if isinstance(output, TextCtcOutput):
        return read_ctc(output, _matrix(values))
    if isinstance(output, TextSlotsOutput):
        return read_slots(output, _matrix(values))
    if isinstance(output, ImageOutput):
        return read_image(output, values[0])
    return _PLACED[type(output)](output, card.labels, values[0], *geometry())


def _ssd(card: Card, output: SsdOutput, outputs: Mapping[str, NDArray[Any]], geometry: _Geometry) -> Reading:
    scores, boxes = _values(outputs, output.scores)[0], _values(outputs, output.boxes)[0]
    if output.classes is None:
        return read_ssd(output, card.labels, scores, boxes, *geometry())
    classes = _values(outputs, output.classes)[0]
    return read_suppressed(output, card.labels, scores, boxes, classes, *geometry())


def _values(outputs: Mapping[str, NDArray[Any]], name: str | None) -> NDArray[np.float32]:
    if name is None and len(outputs) == 1:
        name = next(iter(outputs))
    if name is None or name not in outputs:
        raise CardError(f"no output {name!r} among {', '.join(outputs) or 'none'}")
    values = outputs[name].astype(np.float32, copy=False)
    if np.isnan(values).any():
        raise InputError(f"output {name} holds NaN")
    return values


def _matrix(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The two last axes of ``(a, b)`` or ``(1, a, b)``."""
    return values.reshape(values.shape[-2:])


def _geometry(
    card: Card, original_size: tuple[int, int], nudge: tuple[float, float]
) -> tuple[tuple[int, int], Placement]:
    if card.input.size is None:
        raise CardError("the card does not say its input size: check it against the model first")
    return card.input.size, place(card.input.resize, original_size, card.input.size, nudge)
