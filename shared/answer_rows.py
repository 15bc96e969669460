"""Sparse answers of detectors: of outputs with thousands of rows only those that the card reads.

YOLOX-nano's output takes 1.2 MB, of which the boxes of a street are 30 kB. Who wants just what a card reads
says so in a request; `likely_outputs` is what the cloud then answers, and `whole_outputs` lays its rows where
they were, zeros in place of all others, which no card reads. Where that does not serve, answers are whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card import Card
from evosplit.shared.card.box_outputs import (
    BoxRowsOutput,
    SsdOutput,
    UltraFaceOutput,
    Yolov5Output,
    Yolov8Output,
    YoloxOutput,
)
from evosplit.shared.graph import Graph
from evosplit.shared.readings.likely_boxes import (
    likely_boxes,
    likely_columns,
    likely_faces,
    likely_rows,
    likely_suppressed,
    likely_things,
)

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
_Boxes: TypeAlias = YoloxOutput | Yolov5Output | Yolov8Output | BoxRowsOutput | SsdOutput | UltraFaceOutput

ROWS_OVER: Final = "rows_over"
"""Request parameter: the score over which a row of a detector's outputs is read; others may be left out."""
ROWS: Final = "evosplit_rows"
"""The tensor, ``(rows,) int32``, of which rows the other tensors of such an answer hold, in rising order."""


def rows_over(card: Card | None) -> float | None:
    """What a request for no more than the card reads says in `ROWS_OVER`; None where all is read."""
    return card.output.score if card is not None and isinstance(card.output, _Boxes) else None


def likely_outputs(card: Card | None, outputs: Outputs, score: object) -> Outputs:
    """The rows that ``score`` leaves, and `ROWS`; all outputs where the card is no detector's or misfits.

    Also where half of the rows or more are left, or a value is NaN, which is to be refused by who reads it.
    """
    if card is None or not isinstance(card.output, _Boxes) or not _is_score(score):
        return outputs
    read = card.output.model_copy(update={"score": score})
    try:
        axes = _row_axes(read, outputs)
        flags = _likely(read, {name: outputs[name][0] for name in axes})
        are_rows = all(outputs[name].shape[axis] == flags.size for name, axis in axes.items())
    except (KeyError, IndexError, ValueError):
        return outputs
    rows = np.flatnonzero(flags)
    if not are_rows or 2 * rows.size >= flags.size or not _can_be_left_out(outputs, axes):
        return outputs
    rows = rows if rows.size else np.arange(1)
    few = {name: outputs[name].take(rows, axis) for name, axis in axes.items()}
    return {**few, ROWS: rows.astype(np.int32)}


def whole_outputs(graph: Graph, answer: Outputs) -> Outputs:
    """An answer with its rows where they were in the network's outputs.

    What makes no sense stays as it came, and has not the network's shape.
    """
    if ROWS not in answer:
        return answer
    rows = answer[ROWS]
    if rows.dtype != np.int32 or rows.ndim != 1 or not len(rows) or rows[0] < 0 or (np.diff(rows) <= 0).any():
        return answer
    return {name: _whole(graph, name, answer.get(name), rows) for name in graph.outputs}


def _whole(graph: Graph, name: str, few: NDArray[Any] | None, rows: NDArray[np.int32]) -> NDArray[Any]:
    tensor = graph.tensors[name]
    if few is not None and few.shape == tensor.shape:
        return few
    whole = np.zeros(tensor.shape, tensor.dtype)
    if few is None:
        return whole
    axis = _differing_axis(few.shape, tensor.shape)
    if axis is None or few.shape[axis] != len(rows) or rows[-1] >= tensor.shape[axis]:
        return few
    whole[(slice(None),) * axis + (rows,)] = few
    return whole


def _differing_axis(few: tuple[int, ...], whole: tuple[int, ...]) -> int | None:
    """The only axis along which the shapes differ; None where there is no such one."""
    if len(few) != len(whole):
        return None
    differing = [axis for axis, sizes in enumerate(zip(few, whole, strict=True)) if sizes[0] != sizes[1]]
    return differing[0] if len(differing) == 1 else None


def _row_axes(read: _Boxes, outputs: Outputs) -> dict[str, int]:
    """The outputs that the card reads, and which of their axes counts boxes."""
    if isinstance(read, SsdOutput):
        return dict.fromkeys([read.scores, read.boxes, *([read.classes] if read.classes else [])], 1)
    if isinstance(read, UltraFaceOutput):
        return {read.scores: 1, read.boxes: 1}
    (only,) = [read.tensor] if read.tensor else list(outputs)
    return {only: 2 if isinstance(read, Yolov8Output) else 1}


def _likely(read: _Boxes, values: Outputs) -> NDArray[np.bool_]:
    """Of the first sample's outputs, which rows count."""
    if isinstance(read, UltraFaceOutput):
        return likely_faces(read, values[read.scores])
    if isinstance(read, SsdOutput):
        if read.classes:
            return likely_suppressed(read, values[read.scores], values[read.classes])
        return np.asarray(likely_things(read, values[read.scores]).any(axis=1))
    (only,) = values.values()
    if isinstance(read, Yolov8Output):
        return likely_columns(read, only)
    return likely_rows(read, only) if isinstance(read, BoxRowsOutput) else likely_boxes(read, only)


def _is_score(score: object) -> bool:
    return isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1


def _can_be_left_out(outputs: Outputs, read: Collection[str]) -> bool:
    """Whether zeros say the same: what is read has no NaN, which zeros would hide, and all are numbers."""
    are_numbers = all(values.dtype.kind in "biuf" for values in outputs.values())
    return are_numbers and not any(np.isnan(outputs[name]).any() for name in read)
