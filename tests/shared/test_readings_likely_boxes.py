"""Score thresholds of detectors: rows over the score count, zeros and NaN never do."""

from __future__ import annotations

import numpy as np
import pytest
from card_examples import card
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evosplit.shared.readings.likely_boxes import (
    likely_boxes,
    likely_columns,
    likely_faces,
    likely_rows,
    likely_suppressed,
    likely_things,
)


def _output(kind: str, **fields: object) -> object:
    return card(input__size=[32, 32], output={"kind": kind, "score": 0.3, **fields}, labels=["a", "b"]).output


def test_objectness_times_a_class_is_over_the_score() -> None:
    rows = np.float32([[0, 0, 0, 0, 0.5, 0.5, 0.7], [0, 0, 0, 0, 0.5, 0.5, 0.6], [0, 0, 0, 0, 1, 0.2, 0.31]])
    for kind in ("boxes-yolox", "boxes-yolov5"):
        assert likely_boxes(_output(kind), rows).tolist() == [True, False, True]


@given(rows=arrays(np.float32, (6, 8), elements=st.floats(-2, 2, width=32)), score=st.floats(0, 1, width=32))
def test_no_row_is_passed_over(rows: np.ndarray, score: float) -> None:
    plain = (rows[:, 4:5] * rows[:, 5:]).max(axis=1) > score
    assert likely_boxes(_output("boxes-yolov5", score=score), rows).tolist() == plain.tolist()


def test_columns_behind_the_classes_are_not_read() -> None:
    columns = np.float32([[9], [9], [9], [9], [0.1], [0.2], [5.0]])
    assert likely_columns(_output("boxes-yolov8", rest=1), columns).tolist() == [False]
    assert likely_columns(_output("boxes-yolov8"), columns).tolist() == [True]


def test_the_background_is_no_thing() -> None:
    scores = np.float32([[0.9, 0.2, 0.1], [0.5, 0.4, 0.35]])
    assert likely_things(_output("boxes-ssd"), scores).tolist() == [[False, False], [True, True]]
    suppressed = likely_suppressed(_output("boxes-ssd"), np.float32([0.9, 0.9, 0.1]), np.float32([0, 1, 1]))
    assert suppressed.tolist() == [False, True, False]


def test_faces_and_rows() -> None:
    assert likely_faces(_output("faces-ultraface"), np.float32([[0.9, 0.1], [0.2, 0.8]])).tolist() == [
        False,
        True,
    ]
    rows = np.float32([[0, 0, 1, 1, 0.31, 0], [0, 0, 1, 1, 0.3, 1]])
    assert likely_rows(_output("boxes-rows"), rows).tolist() == [True, False]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_zeros_and_nan_never_count(value: float) -> None:
    rows = np.full((3, 7), value, np.float32)
    assert not likely_boxes(_output("boxes-yolov5", score=0.0), rows).any()
    assert not likely_rows(_output("boxes-rows", score=0.0), rows[:, :6]).any()
    assert not likely_columns(_output("boxes-yolov8", score=0.0), rows.T).any()
    assert not likely_things(_output("boxes-ssd", score=0.0), rows).any()
    assert not likely_faces(_output("faces-ultraface", score=0.0), rows[:, :2]).any()
