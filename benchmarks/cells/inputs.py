"""Data sets of the cells: networks with their cards, calibration inputs and frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.library.card_files import find_card
from evosplit.shared.card import Card, load_card
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.pictures import decode_picture
from evosplit.shared.preprocess import preprocess

SHARED: Final = Path(__file__).resolve().parents[3] / "shared"
PICTURES: Final[Mapping[str, str]] = {
    "squeezenet1.1": "imagenet",
    "mobilenetv2": "imagenet",
    "resnet56_cifar10": "cifar10",
    "yolox_nano": "coco",
}
CALIBRATION: Final = 8
FRAMES: Final = 8
JUDGED: Final = 96
UNSEEN: Final = 64


@dataclass(frozen=True)
class Network:
    """One network; pictures are (H, W, 3) uint8 RGB, ``calibration`` is ``pictures`` as inputs.

    ``frames`` are other pictures; error limits are chosen on ``judged`` inputs, and answers compared in the
    end on ``unseen`` pictures, which nothing was chosen by.
    """

    graph: Graph
    card: Card
    model: Path
    card_file: Path
    pictures: Sequence[NDArray[np.uint8]]
    calibration: Sequence[Mapping[str, NDArray[np.float32]]]
    frames: Sequence[NDArray[np.uint8]]
    judged: Sequence[Mapping[str, NDArray[np.float32]]]
    unseen: Sequence[NDArray[np.uint8]]


def network(name: str) -> Network:
    """Load one. Raises ModelError or CardError."""
    model = SHARED / "models" / f"{name}.onnx"
    card_file = find_card(model)
    card = load_card(card_file)
    pictures = _pictures(SHARED / "data" / PICTURES[name], CALIBRATION + JUDGED + UNSEEN)
    own, others = pictures[:CALIBRATION], pictures[CALIBRATION:]
    most = _judged(len(others))
    judged, unseen = others[:most], others[most:]
    calibration, tried = ([preprocess(card, picture) for picture in some] for some in (own, judged))
    frames = unseen[:: max(1, len(unseen) // FRAMES)][:FRAMES]
    return Network(load_graph(model), card, model, card_file, own, calibration, frames, tried, unseen)


def _pictures(folder: Path, count: int) -> list[NDArray[np.uint8]]:
    """Evenly spread over the folder, or over the test images of CIFAR-10."""
    archive = folder / "cifar10.npz"
    if archive.exists():
        images = np.load(archive)["x_test"]
        return [images[index] for index in _spread(len(images), count)]
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    return [decode_picture(paths[index].read_bytes()) for index in _spread(len(paths), count)]


def _spread(length: int, count: int) -> list[int]:
    """Calibration, judged and other pictures, each from everywhere."""
    positions = np.linspace(0, length - 1, min(count, length)).astype(int).tolist()
    chosen = positions[:: max(1, len(positions) // CALIBRATION)][:CALIBRATION]
    others = [index for index in positions if index not in chosen]
    judged = [others[place] for place in np.linspace(0, len(others) - 1, _judged(len(others))).astype(int)]
    return [*chosen, *judged, *(index for index in others if index not in judged)]


def _judged(others: int) -> int:
    """How many of the pictures that nothing is calibrated on judge plans; the rest stay unseen."""
    return min(JUDGED, others * JUDGED // (JUDGED + UNSEEN))
