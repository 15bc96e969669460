"""Stories of the demo: which network they play, and what is said where something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from evosplit.cli.demo.frames import folder_frames
from evosplit.cli.demo.stories import STORIES, story_scenario
from evosplit.cli.main import main
from evosplit.library.model import load

DATA = {"plates": "plates", "photos": "imagenet", "boxes": "coco"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--story", "plates"), "--story plates needs --models, a folder with lprnet.onnx, and --images"),
        (("--story", "photos", "--models", "."), "mobilenetv2.onnx, and --images"),
        (("--story", "boxes", "--models", ".", "--images", "."), "there is no yolox_nano.onnx in ."),
        (("--models", "."), "the gate brings its own network"),
        (("--images", "."), "--model and --images go together"),
        (("--model", "a.onnx", "--story", "boxes"), "--story and --models do not go with it"),
        (("--model", "a.onnx"), "--model and --images go together"),
        (("--shape", "x=1x3x8x8"), "--shape goes with --model"),
        (("--link", "tin-can"), "or name a link: ble"),
    ],
)
def test_what_is_missing_is_said(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["demo", *arguments], catch_exceptions=False)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_help_names_stories_links_and_strategies() -> None:
    text = " ".join(CliRunner().invoke(main, ["demo", "--help"]).stdout.split())
    for word in ("gate|plates|photos|boxes", "ble, 3g, 4g", "lprnet.onnx", "8-bit integers", "--link ble"):
        assert word in text


@pytest.mark.parametrize("story", STORIES)
def test_a_story_plays_the_real_network(story: str, shared_models: Path, shared_data: Path) -> None:
    images = shared_data / DATA[story]
    if not images.is_dir():
        pytest.skip("needs the real pictures")
    scenario = story_scenario(story, shared_models, images)
    assert scenario.model == shared_models / f"{STORIES[story]}.onnx"
    assert scenario.title == STORIES[story]


def test_labels_may_be_texts(tmp_path: Path, shared_models: Path) -> None:
    for name in ("a", "b"):
        Image.new("RGB", (94, 24)).save(tmp_path / f"{name}.png")
    (tmp_path / "labels.csv").write_text("file,text\na.png,AB12\n", encoding="utf-8")
    model = load(shared_models / "lprnet.onnx")
    assert model.card is not None
    (frame,) = folder_frames(tmp_path, model.graph, model.card)
    assert frame.is_right({"text": "AB12"})
    assert not frame.is_right({"text": "AB13"})
