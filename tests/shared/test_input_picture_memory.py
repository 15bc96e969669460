"""What reading a picture takes is bounded, whatever its shape and mode: measured in other processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

_WORK = """
import json, sys
from pathlib import Path
from evosplit.shared.card import card_from_data
from evosplit.shared.errors import InputError
from evosplit.shared.input_picture import read_picture

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024

def read(job):
    path, resize, fitted = job
    part = {"colour": "RGB", "tensor": "x", "size": [224, 224], "resize": resize}
    card = card_from_data({"version": 1, "name": "n", "input": part})
    try:
        picture = read_picture(card, Path(path).read_bytes(), fitted)
    except InputError as refusal:
        return str(refusal)
    return [*picture.pixels.shape, *picture.original]

jobs = json.loads(sys.stdin.read())
before = peak()
answers = [read(job) for job in jobs]
print(json.dumps([answers, peak() - before]))
"""
CROP = {"kind": "crop", "shorter_side": 256}
RESIZES = [CROP, {"kind": "pad"}, {"kind": "stretch"}, {"kind": "stretch", "filter": "lanczos"}]
WAYS = [(resize, fitted) for resize in RESIZES for fitted in (False, True)]
PLANNED = [(CROP, False)]


def _measured(paths: list[Path], ways: list = WAYS) -> tuple[list, int]:
    """An answer for each path and each way (resize, fitted), and the bytes that the process grew by."""
    jobs = [(str(path), *way) for path in paths for way in ways]
    done = subprocess.run(
        [sys.executable, "-c", _WORK],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answers, more_bytes = json.loads(done.stdout)
    return answers, more_bytes


def _saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000), (65_500, 1), (1, 65_500), (30_000, 3)])
def test_thin_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    answers, more_bytes = _measured([_saved(tmp_path / "thin.png", Image.new("RGB", size))])
    assert all(answer == [224, 224, 3, size[1], size[0]] for answer in answers)
    assert more_bytes < 30e6


def test_thin_pictures_beyond_what_can_be_scaled_are_refused(tmp_path: Path) -> None:
    answers, more_bytes = _measured([_saved(tmp_path / "thin.png", Image.new("L", (1, 3_000_000)))])
    assert all("at most 65500 pixels a side" in answer for answer in answers)
    assert more_bytes < 10e6


def test_large_ones_with_transparency_one_after_another(tmp_path: Path) -> None:
    """256 MB decoded; it was four times as much."""
    path = _saved(tmp_path / "large.png", Image.new("RGBA", (8000, 8000)), compress_level=1)
    answers, more_bytes = _measured([path] * 2, ways=PLANNED)
    assert all(answer == [224, 224, 3, 8000, 8000] for answer in answers)
    assert more_bytes < 320e6


def test_a_large_photograph_is_decoded_at_the_scale_that_is_needed(tmp_path: Path) -> None:
    """144 million pixels, which would be 576 MB."""
    path = _saved(tmp_path / "large.jpg", Image.new("RGB", (12_000, 12_000)))
    answers, more_bytes = _measured([path], ways=PLANNED)
    assert all(answer == [224, 224, 3, 12_000, 12_000] for answer in answers)
    assert more_bytes < 40e6


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_decoders_that_hold_more_are_reckoned_with(tmp_path: Path, kind: str) -> None:
    """Just within the limit, and just beyond it."""
    side = {"WEBP": 5000, "TIFF": 5770}[kind]
    options = {"WEBP": {"lossless": True, "method": 0}, "TIFF": {"compression": "packbits"}}[kind]
    within = _saved(tmp_path / "a", Image.new("RGB", (side, side)), format=kind, **options)
    beyond = _saved(tmp_path / "b", Image.new("RGB", (side + 40, side)), format=kind, **options)
    answers, more_bytes = _measured([within, beyond], ways=PLANNED)
    one, two = answers
    assert one == [224, 224, 3, side, side]
    assert "MB to decode, at most 400 MB" in two
    assert more_bytes < 450e6


def test_the_trials(shared_data: Path) -> None:
    paths = [shared_data / "trials" / name for name in ("thin.png", "large_rgba.png")]
    answers, more_bytes = _measured(paths, ways=PLANNED)
    assert [answer[3:] for answer in answers] == [[1, 20_000], [8000, 8000]]
    assert more_bytes < 320e6
