"""Semantic segmentation: the share of each class, and a small mask of runs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.outputs import SegmentationOutput
from evosplit.shared.readings.reading import Reading, rounded, softmax
from evosplit.shared.resize import Placement


def read_segmentation(
    output: SegmentationOutput,
    labels: tuple[str, ...] | None,
    values: NDArray[np.float32],
    size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """``{"areas": [{"class", "label", "share"}], "mask": {"width", "height", "runs": [class, count, ...]}}``.

    ``values`` are ``(classes, height, width)`` scores or ``(height, width)`` class numbers. Only the pixels
    that show the picture count; areas are the largest first, runs go row by row. The confidence is the mean
    score of the best class over the mask's cells, None of class numbers.
    """
    scores = _visible(_scores(output, values), size, placement)
    numbers = _numbers(output, scores)
    rows, columns = _cells(numbers.shape, output.mask)
    counts = np.bincount(numbers.ravel())
    largest = np.argsort(-counts, kind="stable")
    areas = [_area(int(index), labels, counts[index] / numbers.size) for index in largest if counts[index]]
    return Reading(
        {"areas": areas, "mask": _mask(numbers[np.ix_(rows, columns)])},
        _confidence(output, scores[:, rows][:, :, columns]),
    )


def cells_kept(true: Mapping[str, Any], told: Mapping[str, Any]) -> float:
    """The share of cells at which two masks of one network agree."""
    return float(np.mean(_unrolled(true["mask"]) == _unrolled(told["mask"])))


def _scores(output: SegmentationOutput, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(classes, height, width)``; class numbers as one class."""
    if values.ndim == 2:
        return values[None]
    return values if output.layout == "NCHW" else values.transpose(2, 0, 1)


def _visible(scores: NDArray[np.float32], size: tuple[int, int], placement: Placement) -> NDArray[np.float32]:
    """The part that shows the picture, at least a pixel, whatever the output's size."""
    seen = placement.seen(size)
    if seen is None:
        raise ValueError("nothing of the picture is seen")
    down, across = scores.shape[1] / size[0], scores.shape[2] / size[1]
    top, left = int(seen.to_top * down), int(seen.to_left * across)
    bottom = max(round((seen.to_top + seen.height) * down), top + 1)
    right = max(round((seen.to_left + seen.width) * across), left + 1)
    return scores[:, top:bottom, left:right]


def _numbers(output: SegmentationOutput, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    if len(scores) > 1:
        return np.asarray(scores.argmax(axis=0), np.int64)
    if output.scores == "numbers":
        return np.asarray(np.rint(scores[0]).clip(0, None), np.int64)
    return np.asarray(scores[0] > (0 if output.scores == "logits" else 0.5), np.int64)


def _cells(shape: tuple[int, ...], longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns at the middle of each cell."""
    most = max(shape)
    counts = [max(1, round(side * min(longest, most) / most)) for side in shape]
    rows, columns = (
        ((np.arange(count) + 0.5) * side / count).astype(np.int64)
        for count, side in zip(counts, shape, strict=True)
    )
    return rows, columns


def _area(index: int, labels: tuple[str, ...] | None, share: float) -> dict[str, Any]:
    named = {} if labels is None or index >= len(labels) else {"label": labels[index]}
    return {"class": index, **named, "share": rounded(share)}


def _mask(cells: NDArray[np.int64]) -> dict[str, Any]:
    groups = ((number, sum(1 for _ in run)) for number, run in itertools.groupby(cells.ravel().tolist()))
    return {"width": cells.shape[1], "height": cells.shape[0], "runs": list(itertools.chain(*groups))}


def _unrolled(mask: Mapping[str, Any]) -> NDArray[np.int64]:
    runs = np.asarray(mask["runs"], np.int64)
    return np.repeat(runs[::2], runs[1::2])


def _confidence(output: SegmentationOutput, cells: NDArray[np.float32]) -> float | None:
    if output.scores == "numbers":
        return None
    if output.scores == "probabilities":
        best = cells.max(axis=0) if len(cells) > 1 else np.maximum(cells[0], 1 - cells[0])
    elif len(cells) > 1:
        best = softmax(cells.reshape(len(cells), -1).T).max(axis=1)
    else:
        best = 1 / (1 + np.exp(-np.abs(cells[0].astype(np.float64))))
    return rounded(float(np.mean(best)))
