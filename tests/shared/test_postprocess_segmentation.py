"""Segmentation: areas, masks of runs, padded pictures; what the rest of the system makes of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from card_examples import card, graph

from evosplit.edge.audits.answer_agreement import agree
from evosplit.shared.agreement import agreement
from evosplit.shared.card import Card, check_card
from evosplit.shared.errors import CardError
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.readings.outcome_text import outcome_text
from evosplit.shared.result import Result
from evosplit.shared.result_query.things import things_of

LABELS = ["floor", "wall", "door"]


def _card(resize: dict[str, Any] | None = None, **output: Any) -> Card:
    return card(
        input__size=[8, 8],
        input__resize=resize or {"kind": "stretch"},
        output={"kind": "segmentation", **output},
        labels=LABELS,
    )


def _read(prepared: Card, values: np.ndarray, size: tuple[int, int] = (8, 8)) -> Reading:
    reading = postprocess(prepared, {"y": values}, size)
    json.dumps(reading.outcome, allow_nan=False)
    return reading


def _unrolled(mask: dict[str, Any]) -> np.ndarray:
    cells = [
        number
        for number, count in zip(mask["runs"][::2], mask["runs"][1::2], strict=True)
        for _ in range(count)
    ]
    return np.asarray(cells).reshape(mask["height"], mask["width"])


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_against_a_slow_oracle(layout: str) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (3, 5, 7)).astype(np.float32)
    best = np.zeros((5, 7), int)
    shares = np.zeros((5, 7))
    for row in range(5):
        for column in range(7):
            powers = [np.exp(float(value)) for value in logits[:, row, column]]
            best[row, column] = powers.index(max(powers))
            shares[row, column] = max(powers) / sum(powers)
    values = logits if layout == "NCHW" else logits.transpose(1, 2, 0)
    reading = _read(_card(layout=layout), values[None])
    assert np.array_equal(_unrolled(reading.outcome["mask"]), best)
    assert reading.confidence == pytest.approx(shares.mean(), abs=1e-5)
    told = {area["class"]: area["share"] for area in reading.outcome["areas"]}
    assert told == pytest.approx({number: float(np.mean(best == number)) for number in range(3)}, abs=1e-5)
    assert list(told.values()) == sorted(told.values(), reverse=True)


def test_the_mask_is_small_whatever_the_output() -> None:
    values = np.zeros((1, 3, 512, 1024), np.float32)
    values[0, 1, :, 512:] = 5
    outcome = _read(_card(mask=16), values).outcome
    assert (outcome["mask"]["width"], outcome["mask"]["height"]) == (16, 8)
    assert outcome["mask"]["runs"] == [0, 8, 1, 8] * 8
    assert outcome["areas"][0] == {"class": 0, "label": "floor", "share": 0.5}


def test_padding_does_not_count() -> None:
    """A picture twice as wide as high fills the upper half of the input."""
    numbers = np.full((1, 8, 8), 2, np.int64)
    numbers[0, :4] = 1
    reading = _read(_card({"kind": "pad"}, scores="numbers"), numbers, size=(20, 40))
    assert reading.outcome["areas"] == [{"class": 1, "label": "wall", "share": 1.0}]
    assert (reading.outcome["mask"]["width"], reading.outcome["mask"]["height"]) == (8, 4)
    assert reading.confidence is None
    assert _read(_card({"kind": "pad"}, scores="numbers"), numbers[:, None], (20, 40)) == reading


@pytest.mark.parametrize(("scores", "above"), [("logits", 3.0), ("probabilities", 0.9)])
def test_one_class_is_a_foreground(scores: str, above: float) -> None:
    values = np.full((1, 1, 4, 4), -above if scores == "logits" else 1 - above, np.float32)
    values[0, 0, 0, 0] = above
    reading = _read(_card(scores=scores), values)
    assert [(area["class"], area["share"]) for area in reading.outcome["areas"]] == [(0, 0.9375), (1, 0.0625)]
    assert reading.confidence == pytest.approx(0.9 if scores == "probabilities" else 0.952574, abs=1e-5)


def test_agreement_is_the_share_of_cells() -> None:
    right = np.zeros((1, 3, 8, 8), np.float32)
    right[0, 0] = 1
    other = right.copy()
    other[0, 1, :4] = 2
    prepared = card(input__size=[8, 8], output={"kind": "segmentation"})
    assert agreement(prepared, {"y": right}, {"y": other}) == 0.5
    assert not agree(prepared, {"y": other}, {"y": right})
    assert agree(prepared, {"y": right * 3}, {"y": right})


def test_results_are_found_by_the_labels_of_their_areas() -> None:
    reading = _read(_card(scores="numbers"), np.int64([[[0, 1], [1, 1]]]))
    result = Result("f", "s", "m", 0.0, "edge", reading.outcome, reading.confidence, None, 0)
    assert [thing.label for thing in things_of(result)] == ["wall", "floor"]
    assert outcome_text(reading.outcome) == "wall 75 %, floor 25 %"


@pytest.mark.parametrize(
    ("output", "shape", "line"),
    [
        ({}, (1, 9), "scores of classes by height and width"),
        ({}, (1, 4, 8, 8), "3 labels for 4 classes"),
        ({"scores": "numbers"}, (1, 3, 8, 8), "a class number for each pixel"),
    ],
)
def test_cards_that_do_not_fit(output: dict, shape: tuple[int, ...], line: str) -> None:
    with pytest.raises(CardError, match=line):
        check_card(_card(**output), graph({"x": (1, 3, 8, 8)}, {"y": shape}))
