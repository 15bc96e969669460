"""`evosplit new`: cards of files that look like common exports, tried on a picture; errors in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from export_nets import Output, export
from PIL import Image

from evosplit.cli.main import main
from evosplit.shared.card import load_card

CELLS = 64 + 16 + 4
"""Of strides 8, 16 and 32 in 64 x 64 pixels."""


def run(*arguments: object, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["new", *(str(argument) for argument in arguments)], input=typed)


def made(model: Path, *arguments: object) -> dict[str, Any]:
    """The card that is written of a picture's network when all guesses are taken, and its trial."""
    picture = model.parent / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(picture)
    result = run(model, "--yes", "--try", picture, "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    load_card(model.with_suffix(".yaml"))
    data = json.loads(result.stdout)
    assert "\n" not in data["why"]
    return data


def _boxes(count: int, width: int, row: list[float], background: float = 0.001) -> np.ndarray:
    values = np.full((1, count, width), background, np.float32)
    values[0, 5] = row
    return values


def _found(data: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (box["class"], box.get("label"), round(box["score"], 3), [round(side) for side in box["box"]])
        for box in data["outcome"]["boxes"]
    ]


def test_yolov8_with_the_names_of_its_metadata(tmp_path: Path) -> None:
    values = _boxes(CELLS, 6, [32, 24, 16, 8, 0.1, 0.9]).transpose(0, 2, 1)
    metadata = {"author": "Ultralytics", "names": {0: "cat", 1: "dog"}, "task": "detect", "stride": 32}
    data = made(export(tmp_path, {"output0": (values, ["Mul"])}, metadata=metadata))
    assert data["certainty"] == "sure"
    assert data["fields"]["output"] == {"kind": "boxes-yolov8", "tensor": "output0"}
    assert data["fields"]["input"]["resize"] == {"kind": "pad", "fill": 114}
    assert data["fields"]["input"]["scale"] == "1/255"
    assert (_found(data), data["doubts"]) == ([(1, "dog", 0.9, [24, 20, 40, 28])], [])


def test_yolov8_of_masks_leaves_their_coefficients(tmp_path: Path) -> None:
    values = _boxes(CELLS, 6 + 32, [32, 24, 16, 8, 0.1, 0.9] + [5] * 32).transpose(0, 2, 1)
    metadata = {"author": "Ultralytics", "names": {0: "cat", 1: "dog"}, "task": "segment"}
    outputs: dict[str, Output] = {
        "output0": (values, ["Mul"]),
        "output1": (np.zeros((1, 32, 16, 16), np.float32), []),
    }
    data = made(export(tmp_path, outputs, metadata=metadata))
    assert data["fields"]["output"] == {"kind": "boxes-yolov8", "tensor": "output0", "rest": 32}
    assert _found(data) == [(1, "dog", 0.9, [24, 20, 40, 28])]


def test_yolov5_and_yolox_are_told_apart_by_the_graph(tmp_path: Path) -> None:
    row = [32, 24, 16, 8, 0.9, 0.1, 1.0]
    data = made(export(tmp_path, {"output": (_boxes(3 * CELLS, 7, row), ["Mul", "Add"])}))
    assert (data["certainty"], data["fields"]["output"]["kind"]) == ("sure", "boxes-yolov5")
    assert _found(data) == [(1, None, 0.9, [24, 20, 40, 28])]
    raw = [0.5, 0.5, np.log(2), 0, 0.9, 0.1, 1.0]
    data = made(export(tmp_path, {"output": (_boxes(CELLS, 7, raw), [])}), "--force")
    assert (data["certainty"], data["fields"]["output"]["kind"]) == ("sure", "boxes-yolox")
    assert data["fields"]["input"]["colour"] == "BGR"
    assert _found(data) == [(1, None, 0.9, [36, 0, 52, 8])]
    data = made(export(tmp_path, {"output": (_boxes(50, 7, raw), [])}), "--force")
    assert data["certainty"] == "a guess"
    data = made(export(tmp_path, {"output": (_boxes(CELLS, 7, row), ["Add"])}), "--force")
    assert (data["fields"]["output"]["kind"], data["fields"]["input"]["colour"]) == ("boxes-yolov5", "BGR")


def test_rows_of_suppressed_boxes(tmp_path: Path) -> None:
    metadata = {"author": "Ultralytics", "names": {0: "cat", 1: "dog"}}
    model = export(tmp_path, {"output0": (_boxes(300, 6, [24, 20, 40, 28, 0.9, 1]), [])}, metadata=metadata)
    assert _found(made(model)) == [(1, "dog", 0.9, [24, 20, 40, 28])]


def test_ssd_with_and_without_suppression(tmp_path: Path) -> None:
    corners = np.clip(_boxes(30, 4, [0.25, 0.5, 0.5, 0.75]), 0.001, 1)
    scores = _boxes(30, 3, [0.05, 0.05, 0.9])
    scores[0, :, 0] = 1 - scores[0, :, 1:].sum(1)
    outputs: dict[str, Output] = {"boxes": (corners, ["Exp"]), "scores": (scores, ["Softmax"])}
    data = made(export(tmp_path, outputs))
    assert data["fields"]["output"] == {"kind": "boxes-ssd", "scores": "scores", "boxes": "boxes"}
    assert _found(data) == [(1, None, 0.9, [16, 32, 32, 48])]
    flat = {"scores": (scores[:, :, 2], []), "labels": (np.full((1, 30), 2), [])}
    data = made(export(tmp_path, {"boxes": (corners, []), **flat}), "--force")
    assert data["fields"]["output"]["classes"] == "labels"
    assert _found(data) == [(1, None, 0.9, [16, 32, 32, 48])]


def _scores(count: int) -> np.ndarray:
    values = np.full((1, count), 0.1 / (count - 1), np.float32)
    values[0, 3] = 0.9
    return values


@pytest.mark.parametrize("ending", ["Softmax", None])
def test_classifiers_with_and_without_softmax(tmp_path: Path, ending: str | None) -> None:
    values = _scores(10) if ending else np.log(_scores(10))
    data = made(export(tmp_path, {"y": (values, [ending] if ending else [])}, (1, 3, 32, 32)))
    assert data["fields"]["output"]["scores"] == ("probabilities" if ending else "logits")
    assert data["outcome"]["top"][0] == {"class": 3, "label": "cat", "score": pytest.approx(0.9, abs=1e-5)}
    assert data["doubts"] == []


def test_a_trial_says_what_looks_wrong(tmp_path: Path) -> None:
    model = export(tmp_path, {"y": (_scores(10), [])}, (1, 3, 32, 32))
    assert "they look like probabilities" in made(model)["doubts"][0]
    equal = export(tmp_path, {"y": (np.full((1, 10), 0.5, np.float32), [])}, (1, 3, 32, 32))
    assert "all numbers of y are equal" in made(equal, "--force")["doubts"][0]
    empty = export(tmp_path, {"output": (_boxes(3 * CELLS, 7, [1, 1, 1, 1, 0, 0, 0]), ["Mul"])})
    assert "nothing was found" in made(empty, "--force")["doubts"][0]


def test_dynamic_sizes_and_imagenet(tmp_path: Path) -> None:
    model = export(tmp_path, {"y": (_scores(1000), [])}, ("n", 3, "h", "w"))
    fields = made(model)["fields"]
    assert fields["input"]["size"] == [224, 224]
    assert fields["input"]["resize"] == {"kind": "crop", "shorter_side": 256}
    assert made(model, "--force", "--size", "128x160")["fields"]["input"]["size"] == [128, 160]


@pytest.mark.parametrize(
    ("first", "scale"),
    [(("Sub", 127.5), 1), (("Sub", 0.5), "1/255"), (("Mul", 1 / 255), 1), (("Div", 255), 1)],
)
def test_normalisation_in_the_graph(tmp_path: Path, first: tuple[str, float], scale: object) -> None:
    picture = made(export(tmp_path, {"y": (_scores(7), [])}, first=first))["fields"]["input"]
    assert (picture["scale"], picture["mean"], picture["std"]) == (scale, 0, 1)


def test_channels_last_and_luma(tmp_path: Path) -> None:
    picture = made(export(tmp_path, {"y": (_scores(7), [])}, (1, 48, 64, 1)))["fields"]["input"]
    assert (picture["layout"], picture["size"], picture["colour"]) == ("NHWC", [48, 64], "Y")
    assert (picture["mean"], picture["std"]) == (0, 1)


@pytest.mark.parametrize("numbers", [False, True])
def test_segmentation(tmp_path: Path, numbers: bool) -> None:
    values = np.zeros((1, 4, 64, 64), np.float32)
    values[0, 2, :, :16] = 9
    data = made(export(tmp_path, {"y": (values.argmax(1) if numbers else values, [])}))
    assert data["fields"]["output"]["kind"] == "segmentation"
    assert [(area["class"], area["share"]) for area in data["outcome"]["areas"]] == [(0, 0.75), (2, 0.25)]


def test_super_resolution(tmp_path: Path) -> None:
    data = made(export(tmp_path, {"y": (np.full((1, 1, 96, 96), 0.5, np.float32), [])}, (1, 1, 32, 32)))
    assert (data["certainty"], data["fields"]["output"]["kind"]) == ("sure", "image")
    assert (data["outcome"]["width"], data["outcome"]["height"]) == (96, 96)
    read = run(tmp_path / "net.onnx", "--yes", "--force", "--try", tmp_path / "picture.png").stdout
    assert json.loads(read.splitlines()[-1]) == {"width": 96, "height": 96, "mode": "L"}


def test_text_needs_its_alphabet(tmp_path: Path) -> None:
    steps = (np.eye(4, dtype=np.float32)[[0, 0, 3, 1, 3, 3, 2, 3]] * 9)[None]
    model = export(tmp_path, {"y": (steps, [])}, (1, 3, 32, 96))
    refused = run(model, "--yes")
    assert refused.exit_code == 2
    assert "8 symbols at 4 times, or the other way round" in refused.stderr
    assert "--alphabet with 7 characters" in refused.stderr
    assert made(model, "--alphabet", "abc")["outcome"] == {"text": "abc"}


def test_an_output_that_nobody_knows_is_read_raw(tmp_path: Path) -> None:
    data = made(export(tmp_path, {"y": (np.zeros((1, 2, 3, 4, 5), np.float32), [])}))
    assert data["fields"]["output"] == {"kind": "raw"}
    assert "no known reading of the outputs (y 1x2x3x4x5)" in data["why"]


def test_questions_are_asked_with_the_guess_as_default(tmp_path: Path) -> None:
    model = export(tmp_path, {"y": (_scores(4), [])})
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n")
    typed = "\n".join(
        ["boxes", "", "mine", "XYZ", "bgr", "pad:7", "", "1,2,3", "", str(tmp_path / "names.txt")]
    )
    result = run(model, typed=f"{typed}\n")
    assert result.exit_code == 0, result.stderr
    assert "no kind of output: 'boxes'" in result.stderr
    assert "no order of channels: 'XYZ'" in result.stderr
    card = load_card(tmp_path / "net.yaml")
    assert (card.name, card.input.colour, card.labels) == ("mine", "BGR", ("a", "b", "c", "d"))
    assert (card.input.resize.fill, card.input.mean) == (7, (1, 2, 3))


def test_every_answer_is_an_option(tmp_path: Path) -> None:
    model = export(tmp_path, {"y": (_boxes(30, 7, [0] * 7), [])})
    given = ("--kind", "boxes-yolov5", "--score", 0.6, "--name", "mine", "--mean", "1,2,3", "--colour", "BGR")
    fields = made(model, *given)["fields"]
    assert fields["output"] == {"kind": "boxes-yolov5", "tensor": "y", "score": 0.6}
    assert (fields["name"], fields["input"]["mean"], fields["input"]["colour"]) == ("mine", [1, 2, 3], "BGR")


def test_errors_are_one_line(tmp_path: Path) -> None:
    model = export(tmp_path, {"y": (_scores(4), [])})
    text = tmp_path / "text.onnx"
    text.write_text("no network")
    byte_folder = tmp_path / "bytes"
    byte_folder.mkdir()
    pixels = export(byte_folder, {"y": (_scores(4), [])}, dtype=onnx.TensorProto.UINT8)
    (tmp_path / "two.txt").write_text("a\nb\n")
    for arguments, line in (
        ((text, "--yes"), "not an ONNX file"),
        ((tmp_path / "none.onnx", "--yes"), "cannot be read"),
        ((pixels, "--yes"), "takes uint8"),
        ((model, "--yes", "--labels", tmp_path / "two.txt"), "2 labels for 4 classes"),
        ((model, "--yes", "--labels", tmp_path / "gone.txt"), "cannot read the labels"),
        ((model, "--yes", "--size", "8x8"), "the model takes 64x64 pixels"),
        ((model, "--yes", "--kind", "faces"), "no kind of output: 'faces'"),
        ((model, "--yes", "--kind", "boxes-ssd"), "no output 'boxes'"),
        ((model, "--yes", "--resize", "crop"), "crop goes with its shorter side"),
        ((model,), "no card was written"),
    ):
        result = run(*arguments)
        assert result.exit_code != 0, line
        assert line in result.stderr.splitlines()[-1], result.stderr
    assert not (tmp_path / "net.yaml").exists()
    assert run(model, "--yes").exit_code == 0
    assert "is there already: --force" in run(model, "--yes").stderr
    untried = run(model, "--yes", "--force", "--try", tmp_path / "two.txt")
    assert (untried.exit_code, "two.txt: no picture of a known kind" in untried.stderr) == (1, True)


def test_cards_of_real_networks_are_those_that_come_with_evosplit(
    tmp_path: Path, shared_models: Path
) -> None:
    cards = Path(__file__).parents[2] / "cli" / "cards"
    for model in sorted(shared_models.glob("*.onnx")):
        written = tmp_path / f"{model.stem}.yaml"
        assert run(model, "--yes", "-o", written).exit_code == 0
        new, old = load_card(written), load_card(cards / f"{model.stem}.yaml")
        thresholds = {"score": 0, "overlap": 0}
        assert {**new.output.model_dump(), **thresholds} == {**old.output.model_dump(), **thresholds}
        if model.stem != "vit_cifar10":  # was trained with the mean of CIFAR, which no file says
            assert new.input == old.input
        assert new.labels == old.labels
