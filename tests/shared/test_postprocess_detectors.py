"""Boxes of YOLOv5, YOLOv8, rows and SSD: against slow oracles that go box by box."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from card_examples import card, graph

from evosplit.shared.card import check_card, load_card
from evosplit.shared.errors import CardError
from evosplit.shared.pictures import decode_picture
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import preprocess
from evosplit.shared.readings.boxes import overlap
from evosplit.shared.session import Runner

SIDE, PICTURE = 64, (32, 128)
LABELS = ["cat", "dog", "cow"]


def _read(output: dict[str, Any], labels: list[str] | None = LABELS, **values: np.ndarray) -> list[dict]:
    prepared = card(input__size=[SIDE, SIDE], output=output, labels=labels)
    reading = postprocess(prepared, values, PICTURE)
    json.dumps(reading.outcome, allow_nan=False)
    boxes = reading.outcome["boxes"]
    assert reading.confidence == (boxes[0]["score"] if boxes else None)
    return boxes


def _oracle(found: Sequence[tuple[np.ndarray, float, int]], limit: float) -> list[tuple[int, float, list]]:
    """(corners in the input, score, class) to (class, score, corners in the picture), one by one."""
    kept: list[tuple[np.ndarray, float, int]] = []
    for box, score, number in sorted(found, key=lambda entry: -entry[1]):
        rivals = [other for other, _, its in kept if its == number]
        if all(overlap(other, box[None])[0] <= limit for other in rivals):
            kept.append((box, score, number))
    across, down = PICTURE[1] / SIDE, PICTURE[0] / SIDE
    return [
        (
            number,
            score,
            [
                min(max(side * factor, 0), limit_)
                for side, factor, limit_ in zip(
                    box, [across, down] * 2, [PICTURE[1], PICTURE[0]] * 2, strict=True
                )
            ],
        )
        for box, score, number in kept
    ]


def _assert_same(boxes: list[dict], expected: list[tuple[int, float, list]]) -> None:
    assert [(box["class"], box["label"]) for box in boxes] == [(n, LABELS[n]) for n, _, _ in expected]
    np.testing.assert_allclose(
        [box["score"] for box in boxes], [score for _, score, _ in expected], atol=2e-6
    )
    np.testing.assert_allclose([box["box"] for box in boxes], [box for _, _, box in expected], atol=0.02)


def _centred(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.concatenate([rng.uniform(0, SIDE, (count, 2)), rng.uniform(2, 40, (count, 2))], axis=1)


def _corners(row: np.ndarray) -> np.ndarray:
    x, y, width, height = (float(side) for side in row)
    return np.float32([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


@pytest.mark.parametrize("seed", range(5))
def test_yolov5_against_a_slow_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.concatenate([_centred(rng, 40), rng.uniform(0, 1, (40, 4))], axis=1).astype(np.float32)
    found = []
    for row in rows:
        scores = [float(row[4] * share) for share in row[5:]]
        if max(scores) > 0.25:
            found.append((_corners(row[:4]), max(scores), scores.index(max(scores))))
    boxes = _read({"kind": "boxes-yolov5"}, y=rows[None])
    assert boxes
    _assert_same(boxes, _oracle(found, 0.45))


@pytest.mark.parametrize("rest", [0, 2])
def test_yolov8_against_a_slow_oracle(rest: int) -> None:
    rng = np.random.default_rng(rest)
    behind = rng.normal(0, 9, (40, rest))
    rows = np.concatenate([_centred(rng, 40), rng.uniform(0, 1, (40, 3)) ** 3, behind], 1).astype(np.float32)
    found = []
    for row in rows:
        scores = [float(share) for share in row[4:7]]
        if max(scores) > 0.4:
            found.append((_corners(row[:4]), max(scores), scores.index(max(scores))))
    boxes = _read({"kind": "boxes-yolov8", "rest": rest, "score": 0.4, "overlap": 0.3}, y=rows.T[None])
    assert boxes
    _assert_same(boxes, _oracle(found, 0.3))


def test_rows_are_sorted_and_not_suppressed() -> None:
    rows = np.float32([[[0, 0, 32, 32, 0.5, 1], [0, 0, 32, 32, 0.9, 1], [0, 0, 9, 9, 0.1, 2]]])
    boxes = _read({"kind": "boxes-rows"}, y=rows)
    assert [(box["label"], box["score"]) for box in boxes] == [("dog", 0.9), ("dog", 0.5)]
    assert boxes[0]["box"] == [0, 0, 64, 16]


@pytest.mark.parametrize(("background", "order"), [(0, "left-top"), (3, "top-left")])
def test_ssd_against_a_slow_oracle(background: int, order: str) -> None:
    rng = np.random.default_rng(background)
    scores = (rng.uniform(0, 1, (30, 4)) ** 2).astype(np.float32)
    ends = np.sort(rng.uniform(0, 1, (30, 2, 2)), axis=1).astype(np.float32)
    found = []
    for row, ((left, top), (right, bottom)) in zip(scores, ends, strict=True):
        box = np.float32([left, top, right, bottom]) * SIDE
        for number, score in enumerate(np.delete(row, background)):
            if score > 0.5:
                found.append((box, float(score), number))
    boxes = ends if order == "left-top" else ends[:, :, ::-1]
    output = {"kind": "boxes-ssd", "background": background, "order": order}
    read = _read(output, scores=scores[None], boxes=boxes.reshape(1, 30, 4))
    assert read
    _assert_same(read, _oracle(found, 0.45))


def test_ssd_that_has_suppressed_its_boxes() -> None:
    output = {"kind": "boxes-ssd", "classes": "numbers", "unit": "pixels"}
    values = {
        "scores": np.float32([[0.6, 0.9, 0.9, 0.2]]),
        "boxes": np.float32([[[0, 0, 32, 32], [0, 0, 32, 64], [1, 1, 2, 2], [0, 0, 9, 9]]]),
        "numbers": np.int64([[1, 3, 0, 2]]),
    }
    boxes = _read(output, **values)
    assert [(box["class"], box["label"], box["score"]) for box in boxes] == [(2, "cow", 0.9), (0, "cat", 0.6)]
    assert boxes[0]["box"] == [0, 0, 64, 32]


def test_a_result_holds_the_surest_boxes_alone() -> None:
    rows = np.zeros((1, 400, 8), np.float32)
    rows[0, :, :2] = np.indices((20, 20)).reshape(2, -1).T * 3
    rows[0, :, 2:4], rows[0, :, 4], rows[0, :, 5] = 1, np.linspace(0.5, 1, 400), 1
    boxes = _read({"kind": "boxes-yolov5"}, y=rows)
    assert len(boxes) == 300
    assert boxes[-1]["score"] == pytest.approx(0.5 + 100 / 399 / 2, abs=1e-3)


def test_nothing_found() -> None:
    assert _read({"kind": "boxes-yolov5"}, y=np.zeros((1, 5, 8), np.float32)) == []
    assert _read({"kind": "boxes-yolov8"}, y=np.zeros((1, 7, 5), np.float32)) == []
    assert _read({"kind": "boxes-rows"}, y=np.zeros((1, 5, 6), np.float32)) == []
    empty = {"scores": np.zeros((1, 5, 4), np.float32), "boxes": np.zeros((1, 5, 4), np.float32)}
    assert _read({"kind": "boxes-ssd"}, **empty) == []


@pytest.mark.parametrize(
    ("output", "outputs", "line"),
    [
        ({"kind": "boxes-yolov5"}, {"y": (1, 9, 5)}, r"the card needs \(1, boxes, 5 \+ classes\)"),
        ({"kind": "boxes-yolov5"}, {"y": (1, 9, 7)}, "3 labels for 2 classes"),
        ({"kind": "boxes-yolov8", "rest": 3}, {"y": (1, 7, 9)}, "the card needs"),
        ({"kind": "boxes-rows"}, {"y": (1, 9, 7)}, r"the card needs \(1, boxes, 6\)"),
        ({"kind": "boxes-ssd"}, {"scores": (1, 9, 4), "boxes": (1, 8, 4)}, r"needs \(1, 8, classes\)"),
        ({"kind": "boxes-ssd"}, {"scores": (1, 9, 3), "boxes": (1, 9, 4)}, "3 labels for 2 classes"),
        (
            {"kind": "boxes-ssd", "classes": "c"},
            {"scores": (1, 9), "boxes": (1, 9, 4), "c": (1, 8)},
            "output c",
        ),
    ],
)
def test_cards_that_do_not_fit(output: dict, outputs: dict, line: str) -> None:
    with pytest.raises(CardError, match=line):
        check_card(card(output=output, labels=LABELS), graph({"x": (1, 3, 8, 8)}, outputs))


def test_decoded_forms_of_a_real_network_read_as_yolox_does(shared_models: Path, shared_data: Path) -> None:
    """YOLOX-nano's boxes, decoded cell by cell and written as YOLOv5 and YOLOv8 write them."""
    path = shared_models / "yolox_nano.onnx"
    own = load_card(Path(__file__).parents[2] / "cli" / "cards" / "yolox_nano.yaml")
    picture = decode_picture((shared_data / "coco" / "000000000036.jpg").read_bytes())
    outputs = Runner(onnx.load(path)).run(preprocess(own, picture))
    expected = postprocess(own, outputs, picture.shape[:2]).outcome["boxes"]
    assert {"umbrella", "person"} <= {box["label"] for box in expected}
    rows = outputs["output"][0].copy()
    cells = [(x, y, step) for step in (8, 16, 32) for y in range(416 // step) for x in range(416 // step)]
    for row, (x, y, step) in zip(rows, cells, strict=True):
        row[:4] = (row[0] + x) * step, (row[1] + y) * step, np.exp(row[2]) * step, np.exp(row[3]) * step
    joined = np.concatenate([rows[:, :4], rows[:, 4:5] * rows[:, 5:]], axis=1)
    for kind, values in (("boxes-yolov5", rows[None]), ("boxes-yolov8", joined.T[None])):
        output = {"kind": kind, "score": 0.35}
        read = own.model_copy(update={"output": card(output=output).output})
        boxes = postprocess(read, {"y": values}, picture.shape[:2]).outcome["boxes"]
        assert [box["label"] for box in boxes] == [box["label"] for box in expected]
        found, wanted = ([box["box"] for box in each] for each in (boxes, expected))
        np.testing.assert_allclose(found, wanted, atol=0.05)
