"""Frame sources: the built-in gate camera, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.cli.demo.client import DemoFrame
from evosplit.cli.demo.scoring import agrees_with, is_class, is_text
from evosplit.cli.gate.camera import GateCamera
from evosplit.planner.calibration.labels import Label, known_labels
from evosplit.shared.card import Card
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Graph
from evosplit.shared.input_picture import read_picture
from evosplit.shared.pictures import SUFFIXES, known_kinds
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import sized_input
from evosplit.shared.session import Runner

REFERENCE_LIMIT: Final = 64
"""Without labels, answers are compared with the whole network in float32, on at most so many pictures."""


def to_ppm(image: NDArray[np.uint8]) -> bytes:
    """An `(H, W, 3) uint8` RGB picture as binary PPM: no encoder, no decoder, as a camera's buffer."""
    height, width, _ = image.shape
    return b"P6\n%d %d\n255\n" % (width, height) + image.tobytes()


def gate_frame(image: NDArray[np.uint8], truth: str) -> DemoFrame:
    """A picture of the gate; right is the exact plate, or none where none stands."""
    return DemoFrame(to_ppm(image), is_text(truth))


def gate_frames(seed: int) -> Iterator[DemoFrame]:
    """The built-in camera, without end."""
    for frame in GateCamera(seed):
        yield gate_frame(frame.image, frame.truth)


def folder_frames(folder: Path, graph: Graph, card: Card) -> list[DemoFrame]:
    """The pictures of a folder by name.

    Right is what `labels.csv` (file, and class_index or text) says; without one, what the whole network says
    in float32. Raises EvoSplitError without pictures, InputError for labels that cannot be read.
    """
    paths = picture_paths(folder)
    labels = known_labels(folder) or {}
    frames = [_labelled(path, labels[path.name]) for path in paths if path.name in labels]
    return frames or _referenced(paths[:REFERENCE_LIMIT], graph, card)


def picture_paths(folder: Path) -> list[Path]:
    """The pictures of a folder by name. Raises EvoSplitError when there are none."""
    if not folder.is_dir():
        raise EvoSplitError(f"{folder} is not a folder")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise EvoSplitError(f"there is no picture ({known_kinds()}) in {folder}")
    return paths


def _labelled(path: Path, label: Label) -> DemoFrame:
    return DemoFrame(path.read_bytes(), is_text(label) if isinstance(label, str) else is_class(label))


def _referenced(paths: Sequence[Path], graph: Graph, card: Card) -> list[DemoFrame]:
    runner = Runner(graph.model)
    return [_reference(path.read_bytes(), runner, card) for path in paths]


def _reference(content: bytes, runner: Runner, card: Card) -> DemoFrame:
    picture = read_picture(card, content)
    outputs = runner.run(sized_input(card, picture.pixels))
    outcome = postprocess(card, outputs, picture.original).outcome
    return DemoFrame(content, agrees_with(outcome))
