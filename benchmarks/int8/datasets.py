"""Labelled data sets of each network, in rounds: calibration inputs, and others to be judged."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.cli.gate.camera import GateCamera
from evosplit.kernels.errors.calibration_inputs import Feeds, spread
from evosplit.shared.card import Card
from evosplit.shared.pictures import decode_picture
from evosplit.shared.preprocess import preprocess

DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
CALIBRATION_INPUTS: Final = 32
_GATE_FRAMES: Final = 200
_GATE_SEEDS: Final = (7001, 7002)
"""Streams on which the network was neither trained nor chosen."""
_EVERY: Final = 4

Pixels = NDArray[np.uint8]
Sample = tuple[Feeds, Any, tuple[int, int]]
"""Inputs, label, and the picture's width and height."""


@dataclass(frozen=True)
class Round:
    """``calibration`` and ``judged`` have no input in common."""

    calibration: Sequence[Feeds]
    judged: Sequence[Sample]


def rounds(kind: str, card: Card) -> list[Round]:
    """By the kind of data. Where there is no set apart to calibrate on, the halves take turns."""
    if kind == "cifar":
        content = np.load(DATA / "cifar10" / "cifar10.npz")
        seen = [
            _sample(card, pixels, None) for pixels in content["x_train"][:: len(content["x_train"]) // 32]
        ]
        judged = [_sample(card, p, int(y)) for p, y in zip(content["x_test"], content["y_test"], strict=True)]
        return [_round(seen, judged)]
    if kind == "gate":
        seen, judged = (list(_gate(card, seed)) for seed in _GATE_SEEDS)
        return [_round(seen, judged)]
    samples = [_sample(card, pixels, label) for pixels, label in _PICTURES[kind]()]
    return [_round(samples[index::2], samples[1 - index :: 2]) for index in (0, 1)]


def _round(seen: Sequence[Sample], judged: Sequence[Sample]) -> Round:
    return Round([seen[index][0] for index in spread(len(seen), CALIBRATION_INPUTS)], judged)


def _sample(card: Card, pixels: Pixels, label: object) -> Sample:
    return dict(preprocess(card, pixels)), label, (pixels.shape[1], pixels.shape[0])


def _gate(card: Card, seed: int) -> Iterable[Sample]:
    frames = itertools.islice(GateCamera(seed), 0, _EVERY * _GATE_FRAMES, _EVERY)
    return (_sample(card, frame.image, frame.truth) for frame in frames)


def _photographs() -> Iterable[tuple[Pixels, int]]:
    folder = DATA / "imagenet"
    for row in csv.DictReader((folder / "labels.csv").read_text("utf-8").splitlines()):
        yield decode_picture((folder / row["file"]).read_bytes()), int(row["class_index"])


def _plates() -> Iterable[tuple[Pixels, str]]:
    for path in sorted((DATA / "plates").glob("*.jpg")):
        yield decode_picture(path.read_bytes()), path.stem


def _coco() -> Iterable[tuple[Pixels, NDArray[np.float64]]]:
    """Boxes (n, 5): class, left, top, right, bottom in pixels."""
    for path in sorted((DATA / "coco").glob("*.jpg")):
        width, height = Image.open(path).size
        rows = np.loadtxt(path.with_suffix(".txt"), ndmin=2)
        half, centre = rows[:, 3:5] / 2, rows[:, 1:3]
        corners = np.hstack([centre - half, centre + half]) * [width, height, width, height]
        yield decode_picture(path.read_bytes()), np.hstack([rows[:, :1], corners])


_PICTURES: Final = {"photographs": _photographs, "plates": _plates, "coco": _coco}
