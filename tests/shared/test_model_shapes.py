"""Dynamic dimensions get their sizes from options, files beside the model, and cards."""

from __future__ import annotations

import hashlib
from pathlib import Path

import onnx
import pytest
from onnx import parser

from evosplit.shared.card import card_from_data
from evosplit.shared.card.schema import Card
from evosplit.shared.errors import ModelError, UsageError
from evosplit.shared.graph import load_graph
from evosplit.shared.graph.passes import Pins
from evosplit.shared.model_shapes import load_model_file, read_shapes, shape_file, write_shapes
from evosplit.shared.shape_text import parse_model_shape, parse_named_shape, parse_shape
from tests import models

PICTURE = "net (float[n, 3, h, w] x) => (float[n, 3, h, w] y) { y = Relu (x) }"
TOKENS = """net (int64[b, s] ids, int64[b, s] mask) => (float[b, s] y)
    { p = Mul (ids, mask)  y = Cast <to = 1> (p) }"""
CARD = {
    "version": 1,
    "name": "d",
    "input": {"colour": "RGB", "size": [48, 40], "resize": {"kind": "stretch"}},
}


def _file(text: str, folder: Path) -> Path:
    header = '<ir_version: 8, opset_import: ["" : 17]>'
    return models.save(parser.parse_model(f"{header} {text}"), folder)


def _card(**changes: object) -> Card:
    return card_from_data({**CARD, "input": {**CARD["input"], **changes}})  # type: ignore[dict-item]


def test_shapes_as_people_write_them() -> None:
    assert parse_shape("1x3x640x480") == (1, 3, 640, 480)
    assert parse_named_shape("a=b:0=7") == ("a=b:0", (7,))
    assert parse_model_shape("net1.1:input:0=1x2") == ("net1.1", "input:0", (1, 2))


@pytest.mark.parametrize(
    "text", ["", "1x", "x3", "1x0", "-1x3", "1.5", "1X3", "1x" * 9 + "1", "9" * 12, "1 x 3"]
)
def test_what_is_no_shape(text: str) -> None:
    with pytest.raises(UsageError, match="1x3x640x640"):
        parse_shape(text)


@pytest.mark.parametrize("text", ["1x3", "=1x3", "x", "x=", ""])
def test_what_names_no_input(text: str) -> None:
    with pytest.raises(UsageError, match="1x3x640x640"):
        parse_named_shape(text)
    with pytest.raises(UsageError, match="1x3x640x640"):
        parse_model_shape(f"net:{text}")


def test_a_pinned_shape_is_the_shape(tmp_path: Path) -> None:
    graph = load_graph(_file(PICTURE, tmp_path), pins=Pins({"x": (1, 3, 64, 32)}))
    assert graph.tensors["x"].shape == graph.tensors["y"].shape == (1, 3, 64, 32)


def test_what_is_missing_is_named_with_the_option(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"dimension 2 \(h\); say its size: --shape x=1x3x640x640, or x: 1x3x"
    ):
        load_graph(_file(PICTURE, tmp_path))
    with pytest.raises(ModelError, match=r"dimension 1 \(s\); say its size: --shape ids=1x128"):
        load_graph(_file(TOKENS, tmp_path))


def test_a_size_goes_wherever_its_symbol_stands(tmp_path: Path) -> None:
    path = _file(TOKENS, tmp_path)
    graph = load_graph(path, pins=Pins({"ids": (1, 12)}))
    assert graph.tensors["mask"].shape == (1, 12)
    with pytest.raises(ModelError, match="s is pinned to 12, and to 9 in input 'mask'"):
        load_graph(path, pins=Pins({"ids": (1, 12), "mask": (1, 9)}))


@pytest.mark.parametrize(
    ("pins", "words"),
    [
        ({"x": (1, 3, 64)}, "input 'x' is nx3xhxw, which 1x3x64 does not fit"),
        ({"x": (1, 4, 64, 64)}, "input 'x' is nx3xhxw, which 1x4x64x64 does not fit"),
        ({"z": (1, 3, 64, 64)}, "there is no input 'z' to pin; the inputs are x"),
    ],
)
def test_shapes_that_do_not_fit(pins: dict[str, tuple[int, ...]], words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=words):
        load_graph(_file(PICTURE, tmp_path), pins=Pins(pins))


def test_an_input_without_a_shape_gets_one(tmp_path: Path) -> None:
    model = models.chain_net()
    model.graph.input[0].type.tensor_type.ClearField("shape")
    path = models.save(model, tmp_path)
    with pytest.raises(ModelError, match="has no shape; say it: --shape x=1x3x640x640"):
        load_graph(path)
    graph = load_graph(path, pins=Pins({"x": (1, 3, 16, 16)}))
    assert graph.tensors["x"].shape == (1, 3, 16, 16)


def test_another_size_is_another_model(tmp_path: Path) -> None:
    path = _file(PICTURE, tmp_path)
    sums = {load_graph(path, pins=Pins({"x": (1, 3, size, 16)})).sha256 for size in (16, 24, 32)}
    assert len(sums) == 3
    assert load_graph(path, pins=Pins({"x": (1, 3, 16, 24)})).sha256 not in sums


def test_pins_that_change_nothing_leave_the_digest(tmp_path: Path) -> None:
    path = models.save(models.chain_net(batch="N"), tmp_path)
    plain = hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_graph(path, pins=Pins({"x": (1, 3, 16, 16)})).sha256 == plain
    assert load_graph(path, pins=Pins({"x": (2, 3, 16, 16)})).sha256 != plain
    assert load_model_file(path, _card()).sha256 == plain


def test_a_batch_in_two_places_leaves_the_digest(tmp_path: Path) -> None:
    text = "net (float[n, 4] x, float[2, n, 4] z) => (float[2, n, 4] y) { y = Add (z, x) }"
    path = _file(text, tmp_path)
    assert load_graph(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_input_that_nothing_reads_needs_no_size(tmp_path: Path) -> None:
    text = "net (float[n, 4] x, float[n, h, w] z) => (float[n, 4] y) { y = Exp (x) }"
    path = _file(text, tmp_path)
    graph = load_graph(path)
    assert [(one.name, one.shape) for one in graph.unused_inputs] == [("z", (1, 1, 1))]
    assert graph.sha256 == load_graph(path, pins=Pins({"z": (1, 7, 7)})).sha256


def test_the_size_of_a_card_counts_where_nothing_else_is_said(tmp_path: Path) -> None:
    path = _file(PICTURE, tmp_path)
    assert load_model_file(path, _card()).tensors["x"].shape == (1, 3, 48, 40)
    assert load_model_file(path, _card(tensor="x")).tensors["x"].shape == (1, 3, 48, 40)
    assert load_model_file(path, _card(), {"x": (1, 3, 16, 16)}).tensors["x"].shape == (1, 3, 16, 16)
    with pytest.raises(ModelError, match="dynamic dimension"):
        load_model_file(path, _card(tensor="z"))
    with pytest.raises(ModelError, match="dynamic dimension"):
        load_model_file(path, _card(size=None))


def test_a_card_of_the_other_layout(tmp_path: Path) -> None:
    text = "net (float[n, h, w, 3] x) => (float[n, h, w, 3] y) { y = Relu (x) }"
    assert load_model_file(_file(text, tmp_path), _card(layout="NHWC")).tensors["x"].shape == (1, 48, 40, 3)


def test_a_card_leaves_static_sizes_alone(tmp_path: Path) -> None:
    graph = load_model_file(models.save(models.chain_net(), tmp_path), _card())
    assert graph.tensors["x"].shape == (1, 3, 16, 16)


@pytest.mark.parametrize("text", ["x: 1x3x32x24", "x: [1, 3, 32, 24]", '{"x": "1x3x32x24"}'])
def test_a_file_beside_the_model_counts_before_the_card(text: str, tmp_path: Path) -> None:
    path = _file(PICTURE, tmp_path)
    (tmp_path / "net.shape.yaml").write_text(text)
    assert load_model_file(path, _card()).tensors["x"].shape == (1, 3, 32, 24)
    assert load_model_file(path, None, {"x": (1, 3, 8, 8)}).tensors["x"].shape == (1, 3, 8, 8)


@pytest.mark.parametrize(
    "text", ["- 1", "x: big", "x: [1, no]", "x: [true]", "x: []", "x: {a: 1}", "x: [", "\0"]
)
def test_files_that_hold_no_shapes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "net.shape.yaml"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"net\.shape\.yaml") as caught:
        read_shapes(path)
    assert "\n" not in str(caught.value)


def test_shapes_are_read_as_they_were_written(tmp_path: Path) -> None:
    shapes = {"x": (1, 3, 640, 640), "a:0": (7,)}
    path = shape_file(tmp_path / "net1.1.onnx")
    assert path.name == "net1.1.shape.yaml"
    assert read_shapes(path) == {}
    write_shapes(path, shapes)
    assert read_shapes(path) == shapes


def test_pinning_leaves_the_file_alone(tmp_path: Path) -> None:
    path = _file(PICTURE, tmp_path)
    before = onnx.load(path)
    load_graph(path, pins=Pins({"x": (1, 3, 64, 32)}))
    assert onnx.load(path) == before
