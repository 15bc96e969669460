"""Cards: what is refused, with which line; and what survives a round trip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from card_examples import card, card_data, graph

from evosplit.shared.card import card_from_data, card_to_data, check_card, load_card
from evosplit.shared.errors import CardError

GRAPH = graph({"x": (1, 3, 8, 6)}, {"y": (1, 3)})
TEXT = {"kind": "text-slots", "alphabet": "abc"}
FORMS = {**TEXT, "kinds": {"L": "abc"}, "forms": ["LLL"]}
YOLOX = {"kind": "boxes-yolox", "strides": [2, 4]}
FACES = {"kind": "faces-ultraface"}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"colours": "RGB"}, "colours: Extra inputs are not permitted"),
        ({"version": 2}, "version: Input should be 1"),
        ({"input__colour": "RBG"}, "input.colour: Input should be 'RGB', 'BGR' or 'Y'"),
        ({"input__mean": [1, 2]}, "input: mean has 2 numbers, RGB has 3 channels"),
        ({"input__std": [1, 0, 1]}, "input: std must not be zero"),
        ({"input__scale": "1/0"}, "input.scale: not a number or a fraction: '1/0'"),
        ({"input__scale": float("nan")}, "input.scale: Input should be a finite number"),
        ({"input__size": [0, 6]}, "input.size.0: Input should be greater than or equal to 1"),
        ({"input__resize": {"kind": "crop"}}, "input.resize: shorter_side goes with kind crop"),
        ({"output": {"kind": "classes", "topp": 3}}, "output.classes.topp: Extra inputs are not permitted"),
        ({"output": {"kind": "poem"}}, "output: Input tag 'poem'"),
        ({"output": {**TEXT, "forms": ["Z"]}}, "forms use kinds that are not given: Z"),
        ({"output": {**TEXT, "kinds": {"D": "1"}}}, "kinds hold symbols that are not in the alphabet: 1"),
        ({"output": {**TEXT, "kinds": {"D": ""}}}, "every kind needs at least one symbol"),
    ],
)
def test_malformed(fields: dict[str, object], line: str) -> None:
    with pytest.raises(CardError) as refused:
        card(**fields)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "inputs", "outputs", "line"),
    [
        ({"input__tensor": "z"}, {}, {}, "the model has no input 'z', it has x"),
        ({"output__tensor": "z"}, {}, {}, "the model has no output 'z', it has y"),
        ({"input__colour": "Y"}, {}, {}, "input x has 3 channels (NCHW), Y has 1"),
        ({"input__layout": "NHWC"}, {}, {}, "input x has 6 channels (NHWC), RGB has 3"),
        ({"input__size": [6, 8]}, {}, {}, "input x is 8 x 6, the card says (6, 8)"),
        ({"labels": ["a", "b"]}, {}, {}, "2 labels for 3 classes"),
        ({}, {"x": (1, 10)}, {}, "input x has shape [1, 10], a picture needs four dimensions"),
        ({}, {"x": (1, 3, 8, 6), "w": (1,)}, {}, "the model has 2 inputs (x, w): the card must name one"),
        ({}, {}, {"y": (1, 3), "z": (1, 3)}, "the model has 2 outputs (y, z): the card must name one"),
        ({"output": TEXT}, {}, {"y": (1, 7, 5)}, "output y has 5 classes: an alphabet of 4 and a blank"),
        ({"output": {**TEXT, "blank": 4}}, {}, {"y": (1, 7, 4)}, "blank 4 is not one of 4 classes"),
        ({"output": FORMS}, {}, {"y": (1, 2, 4)}, "output y has 2 slots, the longest form has more"),
        ({"output": TEXT}, {}, {"y": (2, 7, 4)}, "output y has shape [2, 7, 4]"),
        ({"output": YOLOX}, {}, {"y": (1, 15, 7)}, "the card needs (1, 14, 5 + classes)"),
        ({"output": FACES}, {}, {"scores": (1, 9, 2)}, "the card needs (1, 10, 2)"),
        ({"output": {"kind": "image"}}, {}, {}, "the card needs (1, 1 or 3, height, width)"),
    ],
)
def test_misfit(fields: dict, inputs: dict, outputs: dict, line: str) -> None:
    with pytest.raises(CardError) as refused:
        check_card(card(**fields), graph(inputs or {"x": (1, 3, 8, 6)}, outputs or {"y": (1, 3)}))
    assert line in str(refused.value)


def test_completes_names_and_size() -> None:
    completed = check_card(card(labels=["a", "b", "c"]), GRAPH)
    assert (completed.input.tensor, completed.input.size, completed.output.tensor) == ("x", (8, 6), "y")
    assert check_card(completed, GRAPH) == completed


def test_round_trip_through_json() -> None:
    model = graph({"x": (1, 3, 8, 6)}, {"y": (1, 7, 4)})
    before = check_card(card(input__scale="1/255", output=TEXT, labels=None), model)
    assert card_from_data(json.loads(json.dumps(card_to_data(before)))) == before


def test_labels_from_a_file_beside_the_card(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("京\nb\nc\n", encoding="utf-8")
    (tmp_path / "small.yaml").write_text(json.dumps(card_data(labels="names.txt")))
    assert load_card(tmp_path / "small.yaml").labels == ("京", "b", "c")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "small.yaml: a card is a mapping"),
        (b"a: [", "small.yaml: not YAML"),
        (b"\xff\xfe\x00", "cannot read small.yaml"),
        (b"version: 1", "small.yaml: name: Field required"),
        (json.dumps(card_data(labels="away.txt")).encode(), "cannot read away.txt"),
    ],
)
def test_unreadable_files(tmp_path: Path, content: bytes, line: str) -> None:
    (tmp_path / "small.yaml").write_bytes(content)
    with pytest.raises(CardError) as refused:
        load_card(tmp_path / "small.yaml")
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"cannot read small\.yaml"):
        load_card(tmp_path / "small.yaml")
