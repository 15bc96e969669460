"""Agreement of two answers of one network, for every kind of card and for none."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evosplit.shared.agreement import agreement, is_score_vector
from evosplit.shared.card import Card, card_from_data
from evosplit.shared.errors import CardError
from evosplit.shared.output_fidelity import FLOAT_NOISE
from evosplit.shared.readings.pairs import boxes_kept

INPUT = {"colour": "RGB", "size": [8, 8], "resize": {"kind": "stretch"}}
CLASSES = {"kind": "classes", "scores": "logits"}
CTC = {"kind": "text-ctc", "alphabet": "ab"}
SLOTS = {"kind": "text-slots", "alphabet": "ab"}
IMAGE = {"kind": "image"}
RAW = {"kind": "raw"}
YOLOX = {"kind": "boxes-yolox", "strides": [8]}
FACES = {"kind": "faces-ultraface", "encoded": False}
CORNERS = st.tuples(
    st.integers(0, 6), st.integers(0, 6), st.integers(1, 5), st.integers(1, 5), st.integers(0, 1)
)


def card_of(output: dict[str, Any] | None) -> Card | None:
    return output and card_from_data({"version": 1, "name": "a", "input": INPUT, "output": output})


def outputs_for(output: dict[str, Any] | None, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    if output is FACES:
        score = rng.random(6)
        boxes = np.sort(rng.random((1, 6, 2, 2)), axis=2).reshape(1, 6, 4)
        return {"scores": np.stack([1 - score, score], 1)[None].astype("f4"), "boxes": boxes.astype("f4")}
    if output is YOLOX:
        return {"y": rng.random((1, 1, 7)).astype("f4")}
    shape = (1, 3, 4, 4) if output is IMAGE else (1, 5, 3)
    return {"y": rng.random(shape).astype("f4")}


@pytest.mark.parametrize("output", [CLASSES, CTC, SLOTS, IMAGE, RAW, YOLOX, FACES, None])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_float_network_agrees_with_itself_run_elsewhere(output: dict[str, Any] | None, seed: int) -> None:
    rng, card = np.random.default_rng(seed), card_of(output)
    right = outputs_for(output, rng)
    right = {name: np.round(values, 1) for name, values in right.items()}  # many ties
    noise = {name: rng.uniform(-1e-6, 1e-6, values.shape) for name, values in right.items()}
    assert agreement(card, right, {name: (right[name] + noise[name]).astype("f4") for name in right}) == 1


@pytest.mark.parametrize("output", [CLASSES, CTC, SLOTS, IMAGE, RAW, YOLOX, FACES, None])
@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(0, 10))
def test_it_is_a_share(output: dict[str, Any] | None, seed: int, strength: float) -> None:
    rng, card = np.random.default_rng(seed), card_of(output)
    right = outputs_for(output, rng)
    found = {
        name: (values + rng.normal(0, strength, values.shape)).astype("f4") for name, values in right.items()
    }
    assert 0 <= agreement(card, right, found) <= 1


@pytest.mark.parametrize("output", [CLASSES, CTC, SLOTS, IMAGE, RAW, YOLOX, FACES, None])
def test_answers_of_nan_are_lost(output: dict[str, Any] | None) -> None:
    right = outputs_for(output, np.random.default_rng(0))
    assert agreement(card_of(output), right, {name: values * np.nan for name, values in right.items()}) == 0


@pytest.mark.parametrize("output", [CLASSES, RAW, None])
def test_classes_agree_or_not(output: dict[str, Any] | None) -> None:
    """With a card or not: a network that ends in one score per class is a classifier."""
    card, right = card_of(output), {"y": np.array([[0.1, 2.0, 0.3]], np.float32)}
    assert agreement(card, right, {"y": np.array([[0.1, 0.5, 0.3]], np.float32)}) == 1
    assert agreement(card, right, {"y": np.array([[0.9, 0.5, 0.3]], np.float32)}) == 0


def test_ties_of_the_float_network_are_no_disagreement() -> None:
    right = {"y": np.array([[2.0, 2.0 - FLOAT_NOISE, 0.3]], np.float32)}
    assert agreement(None, right, {"y": np.array([[0.4, 0.5, 0.3]], np.float32)}) == 1
    assert agreement(None, right, {"y": np.array([[0.4, 0.5, 0.6]], np.float32)}) == 0


def test_texts_agree_or_not() -> None:
    right = {"y": np.array([[[5, 1, 0], [1, 0, 4], [0, 3, 1]]], np.float32)}  # a, blank, b
    weaker = {"y": np.array([[[2, 1, 0], [1, 0, 2], [0, 3, 1]]], np.float32)}
    other = {"y": np.array([[[2, 1, 0], [1, 0, 2], [3, 2, 1]]], np.float32)}
    assert agreement(card_of(CTC), right, weaker) == 1
    assert agreement(card_of(CTC), right, other) == 0


@pytest.mark.parametrize(("noise_db", "kept"), [(60, 1.0), (40.1, 1.0), (34, 0.5), (20, 0.1)])
def test_pictures_by_peak_signal_to_noise(noise_db: float, kept: float) -> None:
    right = np.full((1, 1, 8, 8), 0.5, np.float32)
    found = right + np.float32(10 ** (-noise_db / 20))
    assert agreement(card_of(IMAGE), {"y": right}, {"y": found}) == pytest.approx(kept, abs=0.01)


def test_what_lies_beyond_white_does_not_show() -> None:
    right = np.full((1, 1, 8, 8), 1.5, np.float32)
    assert agreement(card_of(IMAGE), {"y": right}, {"y": right * 2}) == 1


@pytest.mark.parametrize("output", [RAW, None])
def test_raw_outputs_by_their_worst_relative_error(output: dict[str, Any] | None) -> None:
    right = {"a": np.full((1, 2, 2), 8.0, np.float32), "b": np.full((1, 2, 2), 2.0, np.float32)}
    assert agreement(card_of(output), right, {"a": right["a"] * 1.005, "b": right["b"]}) == 1
    worse = {"a": right["a"] * np.float32(1.02), "b": right["b"] * np.float32(1.1)}
    assert agreement(card_of(output), right, worse) == pytest.approx(0.1, rel=1e-3)


def test_integer_outputs_by_the_share_that_is_equal() -> None:
    right = {"a": np.arange(10)}
    assert agreement(None, right, {"a": np.where(right["a"] == 3, 4, right["a"])}) == 0.9


def test_infinity_may_stay_infinity() -> None:
    right = {"a": np.array([[[-np.inf, 1.0], [2.0, 3.0]]], np.float32)}
    assert agreement(None, right, {"a": right["a"].copy()}) == 1
    assert agreement(None, right, {"a": np.nan_to_num(right["a"], neginf=0.0)}) == 0


def test_an_output_that_is_not_there() -> None:
    outputs = {"y": np.zeros((1, 3), np.float32), "z": np.ones((1, 3), np.float32)}
    with pytest.raises(CardError, match="no output None among y, z"):
        agreement(card_of(CLASSES), outputs, {**outputs, "y": outputs["z"]})


def test_score_vectors() -> None:
    floats, integers = np.dtype("f4"), np.dtype("i8")
    assert is_score_vector((1, 1000, 1, 1), floats)
    assert is_score_vector((10,), floats)
    assert not is_score_vector((1, 2, 2), floats)
    assert not is_score_vector((1, 1), floats)  # a single value: nothing that it could be the best of
    assert not is_score_vector((1, 10), integers)


def box(left: int, top: int, width: int, height: int, kind: int = 0) -> dict[str, object]:
    return {"class": kind, "score": 0.9, "box": [left, top, left + width, top + height]}


def most_pairs(true: list[dict[str, object]], told: list[dict[str, object]]) -> int:
    """By trying every way to pair."""
    fits = [[boxes_kept([one], [other]) == 1 for other in told] for one in true]
    short, long = (fits, len(told)) if len(true) <= len(told) else (list(map(list, zip(*fits))), len(true))  # noqa: B905
    ways = itertools.permutations(range(long), len(short))
    return max((sum(row[at] for row, at in zip(short, way, strict=True)) for way in ways), default=0)


@given(st.lists(CORNERS, max_size=4), st.lists(CORNERS, max_size=4))
def test_boxes_pair_nearly_as_well_as_they_can(
    first: list[tuple[int, ...]], second: list[tuple[int, ...]]
) -> None:
    true, told = [box(*one) for one in first], [box(*one) for one in second]
    kept = boxes_kept(true, told) * max(len(true), len(told), 1)
    most = most_pairs(true, told) if true or told else 1
    assert most / 2 <= kept <= most + 1e-9


def test_lost_and_invented_boxes_cost_alike() -> None:
    one, two = box(0, 0, 4, 4), box(4, 4, 3, 3)
    assert boxes_kept([], []) == 1
    assert boxes_kept([one, two], [one, two]) == 1
    assert boxes_kept([one, two], [one]) == boxes_kept([one], [two, one]) == 0.5
    assert boxes_kept([one], [{**one, "class": 1}]) == 0
