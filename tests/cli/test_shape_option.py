"""Sizes of dynamic inputs on the command line, and models that are not as most are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result

from evosplit.cli.demo.scenario import user_scenario
from evosplit.cli.main import main
from evosplit.shared.model_shapes import read_shapes
from tests import models, odd_models

PINNED = ("--shape", "x=1x3x24x16")
PLANNED = ("--devices", "paper", "--max-error", "0.1")
COMMANDS = {
    "inspect": (),
    "profile": (),
    "roofline": (),
    "split": ("--cut", 1, "--out", "parts"),
    "plan": ("--bandwidth", "5mbit", *PLANNED),
    "table": PLANNED,
    "pareto": ("--bandwidth", "5mbit", *PLANNED),
    "compare": ("--bandwidth", "5mbit", *PLANNED),
}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def _dynamic(folder: Path) -> Path:
    return models.save(odd_models.dynamic(), folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_shapes(command: str, tmp_path: Path) -> None:
    model = _dynamic(tmp_path)
    unsaid = _run(command, model, *COMMANDS[command])
    assert (unsaid.exit_code, len(unsaid.stderr.strip().splitlines())) == (1, 1)
    assert "dynamic dimension 2 (h); say its size: --shape x=1x3x640x640" in unsaid.stderr
    said = _run(command, model, *COMMANDS[command], *PINNED, "--json")
    assert said.exit_code == 0, said.stderr
    assert json.loads(said.stdout)


@pytest.mark.parametrize("text", ["x", "x=", "x=1x0", "1x3x24x16"])
def test_what_is_no_shape_is_wrong_usage(text: str, tmp_path: Path) -> None:
    result = _run("inspect", _dynamic(tmp_path), "--shape", text)
    assert result.exit_code == 2
    assert "write it like" in result.stderr


def test_a_profile_of_another_size_is_of_another_model(tmp_path: Path) -> None:
    model = _dynamic(tmp_path)
    assert _run("profile", model, *PINNED, "-o", "edge.json").exit_code == 0
    other = _run("plan", model, "--shape", "x=1x3x16x16", "--bandwidth", "5mbit", "--edge", "edge.json")
    assert other.exit_code == 1
    assert "the profile edge.json is of net, not of this net" in other.stderr


def test_a_file_and_a_card_beside_the_model_count_too(tmp_path: Path) -> None:
    model = _dynamic(tmp_path)
    card = "{version: 1, name: d, input: {colour: RGB, size: [32, 16], resize: {kind: stretch}}}"
    (tmp_path / "net.yaml").write_text(card)
    shape = lambda: json.loads(_run("inspect", model, "--json").stdout)["inputs"][0]["shape"]  # noqa: E731
    assert shape() == [1, 3, 32, 16]
    (tmp_path / "net.shape.yaml").write_text("x: 1x3x48x16")
    assert shape() == [1, 3, 48, 16]


def test_the_demo_hands_shapes_on(tmp_path: Path) -> None:
    model = _dynamic(tmp_path)
    card = "{version: 1, name: d, input: {colour: RGB, resize: {kind: stretch}}}"
    (tmp_path / "net.yaml").write_text(card)
    (tmp_path / "pictures").mkdir()
    models_folder = tmp_path / "models"
    (tmp_path / "pictures" / "a.png").write_bytes(b"")
    user_scenario(model, tmp_path / "pictures", {"x": (1, 3, 24, 16)}).install(models_folder)
    assert read_shapes(models_folder / "net.shape.yaml") == {"x": (1, 3, 24, 16)}
    assert _run("demo", *PINNED).exit_code == 2


@pytest.mark.parametrize(("cut", "missing"), [(0, "head"), (-1, "tail")])
def test_a_part_without_layers_is_not_written(cut: int, missing: str, tmp_path: Path) -> None:
    model, out = models.save(models.chain_net(), tmp_path), tmp_path / "parts"
    cuts = json.loads(_run("inspect", model, "--json").stdout)["cuts"]
    assert _run("split", model, "--cut", 2, "--out", out).exit_code == 0
    result = _run("split", model, "--cut", cuts[cut]["index"], "--out", out)
    assert f"there is no {missing}.onnx" in " ".join(result.stdout.split())
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest[missing] is None
    assert not (out / f"{missing}.onnx").exists()
    other = "tail" if missing == "head" else "head"
    session = onnxruntime.InferenceSession(out / manifest[other], providers=["CPUExecutionProvider"])
    values = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    whole = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    wanted = whole.run(None, {"x": values})[0]
    np.testing.assert_allclose(session.run(["y"], {"x": values})[0], wanted, rtol=1e-4, atol=1e-5)


def test_parts_of_a_classifier_with_string_labels_run_by_themselves(tmp_path: Path) -> None:
    model, out = models.save(odd_models.classifier(False), tmp_path), tmp_path / "parts"
    assert _run("split", model, "--cut", 1, "--out", out).exit_code == 0
    sessions = [
        onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for path in (model, out / "head.onnx", out / "tail.onnx")
    ]
    whole, head, tail = sessions
    feeds = {"x": np.array([[0.5, 1, -2, 3]], np.float32)}
    crossing = {value.name: array for value, array in zip(head.get_outputs(), head.run(None, feeds))}  # noqa: B905
    label, scores = tail.run(["label", "p"], crossing)
    assert list(label) == list(whole.run(["label"], feeds)[0])
    np.testing.assert_allclose(scores, whole.run(["p"], feeds)[0], rtol=1e-6)


def test_what_is_not_as_in_the_file_is_said(tmp_path: Path) -> None:
    unread = models.save(odd_models.unread(), tmp_path, "unread")
    result = _run("inspect", unread)
    assert "input 'z' (1x5) is read by nothing: it may be left out of requests" in result.stdout
    assert json.loads(_run("inspect", unread, "--json").stdout)["unused_inputs"][0]["name"] == "z"
    zipped = models.save(odd_models.classifier(True), tmp_path, "zipped")
    for command in (("inspect", zipped), ("plan", zipped, "--bandwidth", "5mbit")):
        result = _run(*command)
        assert result.exit_code == 0, result.stderr
        assert "output 'm' is a map (ZipMap)" in result.stdout + result.stderr


def test_what_is_no_whole_file_is_named(tmp_path: Path) -> None:
    content = models.chain_net().SerializeToString()
    (tmp_path / "half.onnx").write_bytes(content[: len(content) // 2])
    (tmp_path / "pointer.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\nsize 9\n")
    for name, words in (("half", "only the beginning of an ONNX file"), ("pointer", "a Git LFS pointer")):
        result = _run("inspect", tmp_path / f"{name}.onnx")
        assert (result.exit_code, len(result.stderr.strip().splitlines())) == (1, 1)
        assert words in result.stderr


def test_no_command_changes_the_file(tmp_path: Path) -> None:
    model = _dynamic(tmp_path)
    before = onnx.load(model)
    assert _run("inspect", model, *PINNED).exit_code == 0
    assert onnx.load(model) == before
