"""Small network with hand-made plan tables and bundles of its heads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import onnx

from evosplit.kernels.codec import encode_tensor
from evosplit.shared.bundle import CalibrationKind, Manifest, write_bundle
from evosplit.shared.card import Card, card_from_data, card_to_data, check_card
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.weights import strip_weights
from evosplit.shared.wire import Frame, encode_frame
from tests import models

LABELS = ["none", "car", "van", "bus", "bike"]
CARD = {
    "version": 1,
    "name": "test network",
    "input": {"colour": "RGB", "resize": {"kind": "stretch"}, "scale": "1/255", "mean": 0.5, "std": 0.5},
    "output": {"kind": "classes", "scores": "logits"},
    "labels": LABELS,
}
RTT_S = 0.002
MIDDLE_BPS = 3e6
"""At this bandwidth the plan that cuts in the middle is the best of `make_table`."""


def load_net(
    folder: Path, name: str = "net", model_of: Callable[[], onnx.ModelProto] = models.chain_net
) -> Graph:
    return load_graph(models.save(model_of(), folder, name), name)


def net_card(graph: Graph) -> Card:
    return check_card(card_from_data(CARD), graph)


def make_plan(graph: Graph, index: int, edge_s: float, wire_bytes: int, bits: int = 8) -> Plan:
    cut, link = prefix_cut(graph, index), Link(1e7, RTT_S)
    weighted = [graph.layers[at] for at in cut.layers if graph.layers[at].weight_elements]
    return Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={layer.name: 8 for layer in weighted},
        activation_bits={},
        wire={name: TensorCode(bits) for name in cut.boundary},
        latency=Latency(edge_s, link.uplink_s(wire_bytes) if wire_bytes else 0.0, 0.001),
        link=link,
        wire_bytes=wire_bytes,
        edge_memory_bytes=10_000,
        error=0.0,
    )


def make_plans(graph: Graph, middle: int) -> tuple[Plan, Plan, Plan]:
    """All in the cloud, a cut behind ``middle`` layers, and all on the edge."""
    alone = make_plan(graph, len(graph.layers), 0.0, 0)
    return (
        make_plan(graph, 0, 0.02, 250_000),
        make_plan(graph, middle, 0.2, 25_000),
        dataclasses.replace(alone, latency=Latency(0.2 + RTT_S + 2.2, 0.0, 0.0)),
    )


def make_table(graph: Graph, with_fallback: bool = True) -> PlanTable:
    """Alone below about 0.1 Mbit/s, a cut in the middle to 10, all in the cloud above.

    The seconds are so many that a busy machine's round trips change nothing in that.
    """
    raw, middle, alone = make_plans(graph, 3)
    plans = (alone, middle, raw) if with_fallback else (middle, raw)
    breakpoints = (1e5, 1e7) if with_fallback else (1e7,)
    fallback = alone if with_fallback else None
    return PlanTable(graph.name, graph.sha256, RTT_S, breakpoints, plans, fallback)


def middle_only(graph: Graph, with_fallback: bool = True) -> PlanTable:
    """One plan that a change of the link cannot replace: the cut in the middle."""
    _, middle, alone = make_plans(graph, 3)
    return PlanTable(graph.name, graph.sha256, RTT_S, (), (middle,), alone if with_fallback else None)


def write_net_bundle(
    graph: Graph,
    path: Path,
    table: PlanTable,
    card: Card | None,
    calibration: CalibrationKind | None = None,
    max_drop: float | None = None,
    networks: Sequence[Restoration] = (),
) -> str:
    """``networks`` undo the transforms that plans name."""
    skeleton, weights = strip_weights(graph.model)
    files = {"skeleton.onnx": skeleton.SerializeToString()}
    packed: dict[str, dict[str, str]] = {}
    for number, (name, array) in enumerate(sorted(weights.items())):
        bits = 8 if array.ndim > 1 else 32
        encoded = encode_tensor(name, array, TensorCode(bits), 0 if array.ndim > 1 else None)
        files[f"weights/{number}-{bits}.evs"] = encode_frame(Frame("", graph.sha256, "", (encoded,)))
        packed[name] = {str(bits): f"weights/{number}-{bits}.evs"}
    transforms = {network.name: f"transforms/{network.name}.onnx" for network in networks}
    files |= {transforms[network.name]: network.content for network in networks}
    data = None if card is None else card_to_data(card)
    manifest = Manifest(
        graph.name,
        graph.sha256,
        table,
        data,
        "skeleton.onnx",
        packed,
        calibration=calibration,
        max_drop=max_drop,
        transforms=transforms,
    )
    return write_bundle(path, manifest, files)
