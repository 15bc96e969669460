"""Cases of the fixed costs: a network with one split each, the pictures or tensors that a client sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.cells.inputs import SHARED
from evosplit.cli.demo.scenario import gate_scenario
from evosplit.library.card_files import find_card
from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import Card, card_to_data, check_card, load_card
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cuts
from evosplit.shared.input_picture import read_picture
from evosplit.shared.link import Link
from evosplit.shared.plan import FLOAT_BITS, Latency, Plan, PlanTable, TensorCode
from evosplit.shared.preprocess import sized_input
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model

WIRE_BITS: Final = 4
PICTURES: Final = 64
CALIBRATION: Final = 8
LINK: Final = Link(1e9, 0.0005)
_PHOTOGRAPHS: Final = SHARED / "data" / "imagenet"
_MOBILENET: Final = SHARED / "models" / "mobilenetv2.onnx"
_SHARE: Final = 0.5


@dataclass(frozen=True)
class Case:
    """One network, cut in one place; ``sends_tensors`` sends the network's input instead of the picture."""

    title: str
    graph: Graph
    card: Card
    card_file: Path
    model: Path
    pictures: tuple[bytes, ...]
    cut: Cut
    sends_tensors: bool = False

    def feeds(self, picture: bytes) -> dict[str, NDArray[np.float32]]:
        """The network's input from a picture file."""
        return sized_input(self.card, read_picture(self.card, picture).pixels)

    def payloads(self) -> Iterator[Any]:
        """What the client sends, without end: files, or inputs by name."""
        made = [self.feeds(one) if self.sends_tensors else one for one in self.pictures[:PICTURES]]
        return cycle(made)

    def bundle(self, path: Path) -> Bundle:
        """A bundle of the one plan, so that every tree runs the same split: 4 bits, coded."""
        head = Runner(head_model(self.graph, self.cut))
        made = [head.run(self.feeds(one)) for one in self.pictures[-CALIBRATION:]]
        wire = {name: _code(np.stack([run[name] for run in made])) for name in self.cut.boundary}
        plan = Plan(
            model=self.graph.name,
            model_sha256=self.graph.sha256,
            cut_key=self.cut.key,
            boundary=self.cut.boundary,
            weight_bits={self.graph.layers[index].name: FLOAT_BITS for index in self.cut.layers},
            activation_bits={},
            wire=wire,
            latency=Latency(0.01, 0.01, 0.01),
            link=LINK,
            wire_bytes=0,
            edge_memory_bytes=0,
            error=0.0,
        )
        table = PlanTable(self.graph.name, self.graph.sha256, LINK.rtt_s, (), (plan,), None)
        return Bundle.open(path, build_bundle(self.graph, table, card_to_data(self.card), path))


def _code(made: NDArray[Any]) -> TensorCode:
    return TensorCode(WIRE_BITS, float(made.min()), float(made.max()), "rans")


def cases() -> Iterator[Case]:
    """The gate camera; photographs and tensors of MobileNetV2 where that network lies beside the project."""
    scenario = gate_scenario()
    frames = tuple(frame.picture for frame in islice(scenario.frame_source()(0), PICTURES + CALIBRATION))
    graph = load_graph(scenario.model)
    cut = next(cut for cut in prefix_cuts(graph) if cut.boundary == ("boundary",))
    card = check_card(load_card(scenario.card), graph)
    yield Case("gate, pictures", graph, card, scenario.card, scenario.model, frames, cut)
    if not _MOBILENET.is_file():
        return
    graph = load_graph(_MOBILENET)
    photographs = sorted(_PHOTOGRAPHS.glob("*.JPEG"))[: PICTURES + CALIBRATION]
    pictures = tuple(path.read_bytes() for path in photographs)
    card_file = find_card(_MOBILENET)
    card = check_card(load_card(card_file), graph)
    for title, sends_tensors in (("MobileNetV2, photographs", False), ("MobileNetV2, tensors", True)):
        yield Case(title, graph, card, card_file, _MOBILENET, pictures, _half(graph), sends_tensors)


def _half(graph: Graph) -> Cut:
    """The cut through one tensor that is nearest to half of the arithmetic."""
    macs = {layer.index: layer.macs for layer in graph.layers}
    whole = sum(macs.values())
    narrow = [cut for cut in prefix_cuts(graph)[1:-1] if len(cut.boundary) == 1]
    return min(narrow, key=lambda cut: abs(sum(macs[index] for index in cut.layers) / whole - _SHARE))
