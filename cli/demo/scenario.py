"""Scenario of a demo: a model, its card, its calibration pictures and its frames."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from evosplit.cli.demo.client import DemoFrame
from evosplit.cli.demo.frames import folder_frames, gate_frame, gate_frames, picture_paths
from evosplit.cli.demo.jpeg_quality import frugal_codec
from evosplit.cli.gate.evaluate import unrelated
from evosplit.cli.gate.recording import write_calibration
from evosplit.library.card_files import find_card
from evosplit.library.model import load
from evosplit.planner.calibration.labels import LABELS_FILE
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Graph
from evosplit.shared.model_shapes import read_shapes, shape_file, write_shapes
from evosplit.shared.shape_text import Shape

FrameSource = Callable[[int], Iterator[DemoFrame]]
JUDGED_FRAMES: Final = 100
"""By so many at most the quality of the JPEG is found that keeps the accuracy."""
JUDGED_SEED: Final = 7003
GATE_MAX_ERROR: Final = 0.02
"""Admits four bits at the narrow boundary, with which the network reads 99.9 % of held-out plates: it was
trained for that, and `cli/assets/gate.json` holds the measurement. The default limit knows of neither."""

ROUND_STRIDE: Final = 17
"""Each round begins so many pictures later in the user's folder."""

OWN_PICTURES: Final = 64
"""At most so many of the user's pictures calibrate."""
DEMO_SEED: Final = 7002


@dataclass(frozen=True)
class Scenario:
    """A model file with its card, and the pictures that it reads; ``images`` is None for the built-in camera.

    ``max_error`` is the planner's error limit, None for the default one. ``shapes`` pin dynamic inputs.
    """

    title: str
    model: Path
    card: Path
    images: Path | None
    max_error: float | None = None
    shapes: Mapping[str, Shape] = field(default_factory=dict)

    def frame_source(self) -> FrameSource:
        """Frames with their truth, without end; equal rounds show equal frames, so strategies compare."""
        if self.images is None:
            return lambda number: gate_frames(DEMO_SEED + number)
        frames = folder_frames(self.images, *self.network())
        return lambda number: islice(cycle(frames), ROUND_STRIDE * number, None)

    def jpeg_codec(self) -> str:
        """The JPEG that keeps the accuracy, judged by single scenes of the gate, or by the pictures shown."""
        graph, card = self.network()
        if self.images is None:
            frames = [gate_frame(*sample) for sample in unrelated(JUDGED_SEED, JUDGED_FRAMES)]
        else:
            frames = folder_frames(self.images, graph, card)[:JUDGED_FRAMES]
        return frugal_codec(frames, graph, card)

    def network(self) -> tuple[Graph, Card]:
        """The graph, and the card completed by it. Raises ModelError, CardError."""
        graph = load(self.model, self.shapes, self.card).graph
        return graph, check_card(load_card(self.card), graph)

    def install(self, models: Path) -> None:
        """Copy model, card and calibration pictures into a models folder for the cloud tier."""
        calibration = models / f"{self.model.stem}.calibration"
        calibration.mkdir(parents=True)
        shutil.copy(self.model, models)
        shutil.copy(self.card, models / f"{self.model.stem}.yaml")
        pinned = {**read_shapes(shape_file(self.model)), **self.shapes}
        if pinned:
            write_shapes(shape_file(models / self.model.name), pinned)
        if self.images is None:
            write_calibration(calibration)
        else:
            _copy_calibration(self.images, calibration)


def gate_scenario() -> Scenario:
    """The gate camera and its own network, both part of the distribution."""
    with as_file(files("evosplit.cli") / "assets" / "gate.onnx") as model:
        return Scenario("gate camera", model, find_card(model), None, GATE_MAX_ERROR)


def user_scenario(model: Path, images: Path, shapes: Mapping[str, Shape]) -> Scenario:
    """The user's model and pictures. Raises CardError when the card does not fit."""
    card = find_card(model)
    check_card(load_card(card), load(model, shapes, card).graph)
    return Scenario(model.stem, model, card, images, shapes=shapes)


def _copy_calibration(images: Path, folder: Path) -> None:
    """The last pictures, with their labels if there are any; at least half of all are left to be shown."""
    paths = picture_paths(images)
    for path in paths[max(len(paths) // 2, len(paths) - OWN_PICTURES) :]:
        shutil.copy(path, folder)
    if (images / LABELS_FILE).is_file():
        shutil.copy(images / LABELS_FILE, folder)
