"""Networks with inputs to calibrate with and unseen ones, three cuts each, and how answers are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.promise import CARDS, CASES, SHARED
from evosplit.cli.gate.camera import GateCamera
from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.planner.calibration.labels import Label
from evosplit.planner.drop.margins import Reader, reader_for
from evosplit.shared.agreement import agreement
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cuts
from evosplit.shared.preprocess import preprocess

BANDS: Final = ((0.02, 0.35), (0.35, 0.65), (0.65, 0.95))
"""Shares of the arithmetic on the edge; in each the cut with the smallest boundary is taken."""
CALIBRATE_EVERY: Final = 3
_GATE: Final = Path(__file__).resolve().parents[2] / "cli" / "assets" / "gate.onnx"
_GATE_FRAMES: Final = 240
_GATE_STEP: Final = 5
_MOST: Final = {
    "yolox_nano": 72,
    "resnet56_cifar10": 500,
    "lprnet": 300,
    "mobilenetv2": 250,
    "squeezenet1.1": 250,
}
MODELS: Final = (*_MOST, "gate")

Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class CodecCase:
    """A network, and its inputs; ``unit``: what ``points`` are of."""

    graph: Graph
    card: Card
    calibration: Sequence[Feeds]
    unseen: LabelledFeeds
    unit: str

    def cuts(self) -> list[tuple[Cut, float]]:
        """The smallest boundary of each band, and its share of the arithmetic; none where a band has none."""
        macs = np.cumsum([0, *(layer.macs for layer in self.graph.layers)])
        every = [(cut, float(macs[len(cut.layers)] / macs[-1])) for cut in prefix_cuts(self.graph)]
        bands = [[(cut, share) for cut, share in every if low <= share < high] for low, high in BANDS]
        return [min(band, key=lambda pair: self._elements(pair[0])) for band in bands if band]

    def points(self, right: Sequence[Outputs], answers: Sequence[Outputs]) -> float:
        """100 for all answers right by their labels, or, without labels, as the float network gives them.

        ``answers`` are to the first of the unseen inputs, as many as there are.
        """
        labels, reader = self.unseen.labels, reader_for(self.graph, self.card)
        if labels is None or reader is None:
            pairs = zip(right, answers, strict=True)
            return 100 * float(np.mean([agreement(self.card, *pair) for pair in pairs]))
        return 100 * float(np.mean(list(_right(reader, labels[: len(answers)], answers))))

    def _elements(self, cut: Cut) -> int:
        return sum(self.graph.tensors[name].elements for name in cut.boundary)


def _right(reader: Reader, labels: Sequence[Label], answers: Sequence[Outputs]) -> Iterator[bool]:
    return (reader.gives(outputs, label) for outputs, label in zip(answers, labels, strict=True))


def codec_cases(names: Iterable[str] = ()) -> Iterator[CodecCase]:
    """The networks of the codec's figures, or those of these names, read as they are asked for."""
    readers = {case.model: case.read for case in CASES if case.few is None}
    for name in set(names) or MODELS:
        if name == "gate":
            yield _case(_GATE, _gate_frames, _GATE_FRAMES)
        else:
            yield _case(SHARED / "models" / f"{name}.onnx", readers[name], _MOST[name])


def _case(path: Path, read: Callable[[Card], LabelledFeeds], most: int) -> CodecCase:
    graph = load_graph(path)
    card = check_card(load_card(CARDS / f"{graph.name}.yaml"), graph)
    every = read(card)
    feeds, labels = every.feeds[:most], every.labels
    seen = feeds[::CALIBRATE_EVERY]
    rest = [index for index in range(len(feeds)) if index % CALIBRATE_EVERY]
    kept = None if labels is None else tuple(labels[index] for index in rest)
    unit = "agreement of answers" if labels is None else "accuracy"
    return CodecCase(graph, card, seen, LabelledFeeds([feeds[index] for index in rest], kept), unit)


def _gate_frames(card: Card) -> LabelledFeeds:
    """Every fifth frame of the synthetic camera; plates as the float network reads them."""
    frames = islice(GateCamera(seed=7500), 0, _GATE_FRAMES * _GATE_STEP, _GATE_STEP)
    return LabelledFeeds([dict(preprocess(card, frame.image)) for frame in frames], None)
