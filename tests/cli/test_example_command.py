from __future__ import annotations

from pathlib import Path

import av
import pytest
from click.testing import CliRunner
from PIL import Image

from evosplit.cli.main import main
from evosplit.library.card_files import find_card
from evosplit.library.model import load


def _example(folder: Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["example", str(folder)])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "gate"
    status, output = _example(folder)
    assert status == 0, output
    return folder


def test_the_network_has_its_card_and_calibrates(written: Path) -> None:
    model = written / "models" / "gate.onnx"
    assert find_card(model) == model.with_suffix(".yaml")
    assert load(model).graph.name
    assert len(list((written / "models" / "gate.calibration").glob("*.png"))) == 32


def test_the_camera_is_a_video_and_pictures(written: Path) -> None:
    with av.open(str(written / "camera.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 240
    for path in (written / "pictures").iterdir():
        with Image.open(path) as picture:
            assert picture.size == (320, 160)


def test_what_is_there_is_not_written_over(written: Path) -> None:
    status, output = _example(written)
    assert (status, output) == (2, f"evosplit: {written} is not empty: name a new folder\n")
