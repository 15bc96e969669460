"""Bundle of the split that the built-in network was made for: its narrow boundary, four bits a value.

Made by hand, so that hooks are compared on the same split whatever the planner finds best on the day.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Final

from evosplit.cli.gate.camera import GateCamera
from evosplit.cli.gate.recording import CALIBRATION_PICTURES, CALIBRATION_SEED, CALIBRATION_STRIDE
from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import Card, card_to_data
from evosplit.shared.graph import Cut, Graph, prefix_cuts
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model

BOUNDARY: Final = ("boundary",)
WIRE_BITS: Final = 4
WEIGHT_BITS: Final = 8


def split_bundle(graph: Graph, card: Card, link: Link, path: Path) -> Bundle:
    """A bundle of one plan. Its wire range spans the demo's calibration pictures."""
    cut = next(cut for cut in prefix_cuts(graph) if cut.boundary == BOUNDARY)
    plan = Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={graph.layers[index].name: WEIGHT_BITS for index in cut.layers},
        activation_bits={},
        wire={BOUNDARY[0]: TensorCode(WIRE_BITS, *_range(graph, card, cut))},
        latency=Latency(0.01, 0.015, 0.01),
        link=link,
        wire_bytes=0,
        edge_memory_bytes=0,
        error=0.0,
    )
    table = PlanTable(graph.name, graph.sha256, link.rtt_s, (), (plan,), None)
    return Bundle.open(path, build_bundle(graph, table, card_to_data(card), path))


def _range(graph: Graph, card: Card, cut: Cut) -> tuple[float, float]:
    head, stop = Runner(head_model(graph, cut)), CALIBRATION_PICTURES * CALIBRATION_STRIDE
    chosen = islice(GateCamera(CALIBRATION_SEED), 0, stop, CALIBRATION_STRIDE)
    made = [head.run(preprocess(card, frame.image))[BOUNDARY[0]] for frame in chosen]
    return min(float(tensor.min()) for tensor in made), max(float(tensor.max()) for tensor in made)
