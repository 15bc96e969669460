"""Outputs to readings: small cases that can be checked by hand, and slow oracles."""

from __future__ import annotations

import base64
import io
import itertools
import json

import numpy as np
import pytest
from card_examples import card
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.readings.boxes import overlap, suppress

SIZE = (8, 6)


def _read(prepared: Card, values: np.ndarray, name: str = "y", size: tuple[int, int] = SIZE) -> Reading:
    reading = postprocess(prepared, {name: values}, size)
    json.dumps(reading.outcome, allow_nan=False)
    return reading


def test_classes_from_logits_in_any_shape() -> None:
    logits = np.log(np.asarray([0.2, 0.5, 0.3], np.float32)).reshape(1, 3, 1, 1)
    reading = _read(card(output={"kind": "classes", "top": 2}, labels=["a", "b", "c"]), logits)
    best, second = {"class": 1, "label": "b", "score": 0.5}, {"class": 2, "label": "c", "score": 0.3}
    assert reading.outcome == {"top": [best, second]}
    assert reading.confidence == 0.5


def test_classes_from_probabilities_without_labels() -> None:
    reading = _read(card(output={"kind": "classes", "scores": "probabilities"}), np.float32([[0.25, 0.75]]))
    assert reading.outcome == {"top": [{"class": 1, "score": 0.75}, {"class": 0, "score": 0.25}]}


def _one_hot(symbols: list[int], classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[symbols] * 20


@pytest.mark.parametrize(
    ("symbols", "text"),
    [([0, 0, 3, 0, 1, 1], "aab"), ([3, 3, 3], ""), ([2], "c"), ([3, 2, 3, 3, 1], "cb")],
)
def test_ctc_collapses_repeats_then_drops_blanks(symbols: list[int], text: str) -> None:
    output = {"kind": "text-ctc", "alphabet": "abc"}
    reading = _read(card(output=output), _one_hot(symbols, 4))
    assert reading.outcome == {"text": text}
    assert reading.confidence == pytest.approx(1, abs=1e-5)
    turned = {**output, "axes": "classes-time"}
    assert _read(card(output=turned), _one_hot(symbols, 4).T[None]) == reading


def test_ctc_is_as_sure_as_its_least_sure_symbol_at_its_surest_step() -> None:
    shares = np.float32([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1]])
    reading = _read(card(output={"kind": "text-ctc", "alphabet": "ab"}), np.log(shares))
    assert (reading.outcome["text"], reading.confidence) == ("ab", pytest.approx(0.8, abs=1e-5))


def test_blank_may_stand_anywhere() -> None:
    output = {"kind": "text-slots", "alphabet": "abc", "blank": 0}
    assert _read(card(output=output), _one_hot([1, 0, 3], 4)[None]).outcome == {"text": "ac"}


def test_slots_are_read_as_the_likeliest_text_of_a_form() -> None:
    """The best symbols alone would say "aa"; no form allows that, and "a1" is likelier than nothing."""
    kinds = {"L": "ab", "D": "1"}
    output = {"kind": "text-slots", "alphabet": "ab1", "kinds": kinds, "forms": ["LD", ""]}
    shares = np.float32([[[0.6, 0.2, 0.1, 0.1], [0.5, 0.1, 0.3, 0.1]]])
    reading = _read(card(output=output), np.log(shares))
    assert (reading.outcome, reading.confidence) == ({"text": "a1"}, pytest.approx(0.3, abs=1e-5))
    assert _read(card(output=output), _one_hot([3, 3], 4)[None]).outcome == {"text": ""}


def test_forms_against_all_texts() -> None:
    """The same as trying every text of two letters and a digit, or of one letter."""
    output = {
        "kind": "text-slots",
        "alphabet": "ab12",
        "kinds": {"L": "ab", "D": "12"},
        "forms": ["LLD", "L"],
    }
    classes = {"a": 0, "b": 1, "1": 2, "2": 3, "-": 4}
    texts = ["".join(text) for text in itertools.product("ab", "ab", "12")] + ["a--", "b--"]
    rng = np.random.default_rng(1)
    for _ in range(50):
        logits = rng.normal(0, 2, (3, 5)).astype(np.float32)
        scores = [sum(logits[slot, classes[one]] for slot, one in enumerate(text)) for text in texts]
        expected = texts[int(np.argmax(scores))].rstrip("-")
        assert _read(card(output=output), logits[None]).outcome == {"text": expected}


def test_yolox_decodes_the_grid() -> None:
    """Strides 4 and 8 on 8 x 8: 4 + 1 anchors. Anchor 1 is row 0, column 1."""
    predictions = np.zeros((1, 5, 7), np.float32)
    predictions[0, 1] = [0.5, 0.5, np.log(0.5), np.log(1.0), 0.9, 0.1, 0.8]
    output = {"kind": "boxes-yolox", "strides": [4, 8], "score": 0.5}
    prepared = card(input__size=[8, 8], output=output, labels=["cat", "dog"])
    reading = _read(prepared, predictions, size=(16, 32))
    found = {"class": 1, "label": "dog", "score": 0.72, "box": [20.0, 0.0, 28.0, 8.0]}
    assert reading == Reading({"boxes": [found]}, 0.72)
    nudged = postprocess(prepared, {"y": predictions}, (16, 32), (0.25, -0.5))
    assert nudged.outcome["boxes"][0]["box"] == [18.0, 0.5, 26.0, 8.5]


def test_no_boxes() -> None:
    prepared = card(input__size=[8, 8], output={"kind": "boxes-yolox", "strides": [8]})
    assert _read(prepared, np.zeros((1, 1, 7), np.float32)) == Reading({"boxes": []}, None)


def test_yolox_survives_wild_values() -> None:
    prepared = card(input__size=[8, 8], output={"kind": "boxes-yolox", "strides": [8], "score": 0})
    reading = _read(prepared, np.full((1, 1, 7), 1e4, np.float32))
    assert reading.outcome["boxes"][0]["box"] == [0, 0, 6, 8]


def test_faces_from_corner_boxes() -> None:
    output = {"kind": "faces-ultraface", "encoded": False}
    prepared = card(input__size=[8, 8], output=output)
    scores = np.float32([[[0.1, 0.9], [0.2, 0.8], [0.9, 0.1]]])
    boxes = np.float32([[[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.49], [0, 0, 1, 1]]])
    reading = postprocess(prepared, {"scores": scores, "boxes": boxes}, (16, 16))
    assert reading.outcome == {"boxes": [{"class": 0, "score": 0.9, "box": [0, 0, 8, 8]}]}


def test_image() -> None:
    values = np.float32([[[[0, 0.5], [1, 2], [-1, 1]]]])
    outcome = _read(card(output={"kind": "image"}), values).outcome
    assert (outcome["width"], outcome["height"], outcome["mode"]) == (2, 3, "L")
    decoded = Image.open(io.BytesIO(base64.b64decode(outcome["png_base64"])))
    np.testing.assert_array_equal(np.asarray(decoded), [[0, 128], [255, 255], [0, 255]])


def test_raw_describes_small_and_large_tensors() -> None:
    small = _read(card(output={"kind": "raw"}), np.float32([[1.5, np.inf]])).outcome["tensors"]["y"]
    assert small == {
        "shape": [1, 2],
        "dtype": "float32",
        "least": 1.5,
        "greatest": None,
        "values": [1.5, None],
    }
    large = _read(card(output={"kind": "raw"}), np.arange(2000)).outcome["tensors"]["y"]
    assert large == {"shape": [2000], "dtype": "int64", "least": 0, "greatest": 1999}


def test_missing_output() -> None:
    with pytest.raises(CardError, match="no output 'z' among y"):
        _read(card(output={"kind": "classes", "tensor": "z"}), np.zeros((1, 3), np.float32))


def test_outputs_that_do_not_fit() -> None:
    with pytest.raises(CardError, match="do not fit a card of kind text-slots"):
        _read(card(output={"kind": "text-slots", "alphabet": "ab"}), np.zeros((2, 3, 3), np.float32))


def test_nan_is_no_reading() -> None:
    with pytest.raises(InputError, match="output y holds NaN"):
        _read(card(), np.float32([[np.nan, 1]]))


_boxes = st.lists(st.tuples(*[st.integers(0, 20)] * 4, st.integers(0, 1), st.integers(1, 99)), max_size=12)


@settings(max_examples=100, deadline=None)
@given(_boxes, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_suppression_against_a_slow_oracle(rows: list, limit: float) -> None:
    corners = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d, _, _ in rows]
    boxes = np.asarray(corners, np.float32).reshape(-1, 4)
    scores = np.asarray([row[5] / 100 for row in rows], np.float32)
    classes = np.asarray([row[4] for row in rows], np.int64)
    expected: list[int] = []
    for index in sorted(range(len(rows)), key=lambda place: -scores[place]):
        rivals = [other for other in expected if classes[other] == classes[index]]
        if all(_overlap(corners[other], corners[index]) <= limit for other in rivals):
            expected.append(index)
    assert suppress(boxes, scores, classes, limit) == expected


def _overlap(one: tuple, other: tuple) -> np.float32:
    cells = [{(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])} for box in (one, other)]
    union = len(cells[0] | cells[1])
    return np.float32(len(cells[0] & cells[1])) / np.float32(union) if union else np.float32(0)


def test_overlap_of_empty_boxes_is_zero() -> None:
    empty = np.zeros((1, 4), np.float32)
    assert overlap(empty[0], empty) == 0
