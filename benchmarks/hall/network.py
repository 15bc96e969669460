"""YOLOX-nano on hall.mp4: the video's inputs, and the network in two parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.hall.box_matching import Boxes
from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.masked import MaskedSegment
from evosplit.edge.backends.segment import FrameContext
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model

ROOT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = ROOT.parent / "shared"
SIZE: Final = (720, 1280)
THREADS: Final = 1

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Part:
    """The network at one cut."""

    graph: Graph
    card: Card
    cut: Cut
    head: Runner
    tail: Runner

    def made(self, inputs: Iterable[NDArray[np.float32]]) -> list[Tensors]:
        """The boundary tensors of each input."""
        (name,) = self.graph.inputs
        return [self.head.run({name: values}) for values in inputs]

    def masked(self, inputs: Iterable[NDArray[np.float32]], settings: ChangeSettings) -> list[Tensors]:
        """The same from a head that computes only where the picture changed."""
        (name,) = self.graph.inputs
        segment = MaskedSegment(head_model(self.graph, self.cut), THREADS, settings)
        frame = FrameContext("hall")
        made = (segment.run({name: values}, frame) for values in inputs)
        # A segment may give its own buffers, which the next frame overwrites.
        return [{key: array.copy() for key, array in each.items()} for each in made]

    def boxes(self, tensors: Tensors) -> Boxes:
        """What the tail finds."""
        outcome = postprocess(self.card, self.tail.run(dict(tensors)), SIZE).outcome
        boxes: Boxes = outcome["boxes"]
        return boxes

    def plan(self, bits: int, calibration: Sequence[Tensors]) -> Plan:
        """A plan of this cut whose ranges are those of the calibration's tensors."""
        ends = {name: _ends(each[name] for each in calibration) for name in self.cut.boundary}
        return Plan(
            model=self.graph.name,
            model_sha256=self.graph.sha256,
            cut_key=self.cut.key,
            boundary=self.cut.boundary,
            weight_bits={},
            activation_bits={},
            wire={name: TensorCode(bits, *span) for name, span in ends.items()},
            latency=Latency(0.0, 0.0, 0.0),
            link=Link(1e6, 0.0),
            wire_bytes=0,
            edge_memory_bytes=0,
            error=0.0,
        )


@dataclass(frozen=True)
class Hall:
    """The network and the video."""

    graph: Graph
    card: Card
    video: Path

    def inputs(self) -> Iterator[NDArray[np.float32]]:
        """The network's input of each frame, (1, 3, 416, 416) float32."""
        with av.open(str(self.video)) as container:
            for frame in container.decode(video=0):
                (values,) = preprocess(self.card, frame.to_ndarray(format="rgb24")).values()
                yield values

    def part(self, index: int) -> Part:
        """The network cut behind so many layers."""
        cut = prefix_cut(self.graph, index)
        head, tail = head_model(self.graph, cut), tail_model(self.graph, cut)
        return Part(self.graph, self.card, cut, Runner(head, THREADS), Runner(tail, THREADS))


def load_hall() -> Hall:
    """The network, its card and the video, from beside the checkout."""
    graph = load_graph(SHARED / "models" / "yolox_nano.onnx", "yolox_nano")
    card = check_card(load_card(ROOT / "cli" / "cards" / "yolox_nano.yaml"), graph)
    return Hall(graph, card, SHARED / "data" / "video" / "hall.mp4")


def _ends(arrays: Iterable[NDArray[Any]]) -> tuple[float, float]:
    lows, highs = zip(*((float(array.min()), float(array.max())) for array in arrays), strict=True)
    return min(lows), max(highs)
