"""The cards that come with EvoSplit, on the real models and pictures: a subset, so the bounds are wide."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from card_examples import graph_of
from PIL import Image

from evosplit.shared.card import check_card, load_card
from evosplit.shared.pictures import decode_picture
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import preprocess

CARDS = Path(__file__).parents[2] / "cli" / "cards"
MODELS = sorted(path.stem for path in CARDS.glob("*.yaml") if path.stem != "gate")
Read = Callable[[np.ndarray], Any]


@pytest.fixture
def reader(shared_models: Path) -> Callable[[str], Read]:
    """A network with its card: pixels in, outcome out."""

    def make(name: str) -> Read:
        path = shared_models / f"{name}.onnx"
        card = check_card(load_card(CARDS / f"{name}.yaml"), graph_of(path))
        options = ort.SessionOptions()
        options.log_severity_level = 3
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]

        def read(picture: np.ndarray) -> Any:
            outputs = dict(zip(names, session.run(None, preprocess(card, picture)), strict=True))
            return postprocess(card, outputs, picture.shape[:2]).outcome

        return read

    return make


def test_every_model_has_a_card_that_fits(shared_models: Path) -> None:
    assert sorted(path.stem for path in shared_models.glob("*.onnx")) == MODELS
    for name in MODELS:
        written = load_card(CARDS / f"{name}.yaml")
        graph = graph_of(shared_models / f"{name}.onnx")
        checked = check_card(written, graph)
        assert checked == written, "the card says all that the graph says"
        nameless = written.model_copy(
            update={"input": written.input.model_copy(update={"tensor": None, "size": None})}
        )
        assert check_card(nameless, graph) == written


@pytest.mark.parametrize(("name", "first", "five"), [("squeezenet1.1", 0.5, 0.7), ("mobilenetv2", 0.7, 0.85)])
def test_imagenet(
    reader: Callable[[str], Read], shared_data: Path, name: str, first: float, five: float
) -> None:
    read, folder = reader(name), shared_data / "imagenet"
    rows = list(csv.DictReader((folder / "labels.csv").read_text("utf-8").splitlines()))[::4]
    hits = np.zeros(2)
    for row in rows:
        top = [entry["class"] for entry in read(decode_picture((folder / row["file"]).read_bytes()))["top"]]
        hits += [top[0] == int(row["class_index"]), int(row["class_index"]) in top]
    assert hits[0] / len(rows) >= first
    assert hits[1] / len(rows) >= five


@pytest.mark.parametrize(
    ("name", "floor"), [("resnet20_cifar10", 0.84), ("resnet56_cifar10", 0.86), ("vit_cifar10", 0.5)]
)
def test_cifar10(reader: Callable[[str], Read], shared_data: Path, name: str, floor: float) -> None:
    read, content = reader(name), np.load(shared_data / "cifar10" / "cifar10.npz")
    pictures, labels = content["x_test"][:200], content["y_test"][:200]
    hits = [
        read(picture)["top"][0]["class"] == label for picture, label in zip(pictures, labels, strict=True)
    ]
    assert np.mean(hits) >= floor
    airplane = read(pictures[int(np.flatnonzero(labels == 0)[0])])["top"]
    assert "airplane" in [entry["label"] for entry in airplane]


def test_plates(reader: Callable[[str], Read], shared_data: Path) -> None:
    read, paths = reader("lprnet"), sorted((shared_data / "plates").glob("*.jpg"))[::4]
    hits = [read(decode_picture(path.read_bytes()))["text"] == path.stem for path in paths]
    assert np.mean(hits) >= 0.82


def test_yolox_finds_what_is_labelled(reader: Callable[[str], Read], shared_data: Path) -> None:
    read = reader("yolox_nano")
    hits = found = labelled = 0
    for path in sorted((shared_data / "coco").glob("*.txt"))[::3]:
        picture = decode_picture(path.with_suffix(".jpg").read_bytes())
        boxes = read(picture)["boxes"]
        wanted = _labelled(path, picture.shape)
        hits += sum(any(_same(box, one) for one in wanted) for box in boxes)
        found, labelled = found + len(boxes), labelled + len(wanted)
    assert hits / found >= 0.6
    assert hits / labelled >= 0.3


def _labelled(path: Path, shape: tuple[int, ...]) -> list[tuple[int, np.ndarray]]:
    """Class and corners in pixels of each line ``class cx cy w h`` (relative)."""
    rows = np.loadtxt(path, ndmin=2)
    sides = np.asarray([shape[1], shape[0]])
    low, high = (rows[:, 1:3] - rows[:, 3:5] / 2) * sides, (rows[:, 1:3] + rows[:, 3:5] / 2) * sides
    return list(zip(rows[:, 0].astype(int), np.concatenate([low, high], axis=1), strict=True))


def _same(box: dict[str, Any], one: tuple[int, np.ndarray]) -> bool:
    """The same class, and half of the union in common."""
    mine, other = np.asarray(box["box"]), one[1]
    common = np.clip(np.minimum(mine[2:], other[2:]) - np.maximum(mine[:2], other[:2]), 0, None).prod()
    union = (mine[2:] - mine[:2]).prod() + (other[2:] - other[:2]).prod() - common
    return bool(box["class"] == one[0] and common >= union / 2)


def test_faces(reader: Callable[[str], Read], shared_data: Path) -> None:
    read = reader("ultraface_rfb320")
    for name in ("woman", "baby"):
        picture = decode_picture((shared_data / "superres" / f"{name}.png").read_bytes())
        (face,) = read(picture)["boxes"]
        left, top, right, bottom = face["box"]
        assert 0.2 <= (right - left) * (bottom - top) / picture[:, :, 0].size <= 0.6
    landscape = decode_picture((shared_data / "imagenet" / "n12998815_agaric.JPEG").read_bytes())
    assert read(landscape)["boxes"] == []


def test_superresolution_beats_bicubic(reader: Callable[[str], Read], shared_data: Path) -> None:
    read = reader("superres_x3")
    for path in sorted((shared_data / "superres").glob("*.png")):
        sharp = Image.fromarray(decode_picture(path.read_bytes()))
        width, height = sharp.width // 3, sharp.height // 3
        sharp = sharp.crop((0, 0, width * 3, height * 3))
        small = sharp.resize((width, height), Image.Resampling.BICUBIC)
        canvas = np.pad(np.asarray(small), ((0, 224 - height), (0, 224 - width), (0, 0)), mode="edge")
        png = base64.b64decode(read(canvas)["png_base64"])
        made = Image.open(io.BytesIO(png)).crop((0, 0, *sharp.size))
        plain = small.convert("L").resize(sharp.size, Image.Resampling.BICUBIC)
        assert _psnr(sharp.convert("L"), made) > _psnr(sharp.convert("L"), plain), path.stem


def _psnr(one: Image.Image, other: Image.Image) -> float:
    """Decibels, without a border of six pixels."""
    inner = [np.asarray(image, np.float64)[6:-6, 6:-6] for image in (one, other)]
    return float(10 * np.log10(255**2 / np.mean((inner[0] - inner[1]) ** 2)))
