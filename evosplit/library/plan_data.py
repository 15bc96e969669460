"""JSON of a plan, as commands print it."""

from __future__ import annotations

from typing import Any

from evosplit.shared.graph import Graph, parse_cut
from evosplit.shared.plan import Plan
from evosplit.shared.units import format_size


def plan_data(graph: Graph, chosen: Plan) -> dict[str, Any]:
    """Cut, bits, predicted latency and costs of one plan."""
    latency = chosen.latency
    return {
        "cut": {"index": parse_cut(graph, chosen.cut_key).index, "boundary": list(chosen.boundary)},
        "cut_key": chosen.cut_key,
        "weight_bits": dict(chosen.weight_bits),
        "activation_bits": dict(chosen.activation_bits),
        "wire_bits": {name: code.bits for name, code in chosen.wire.items()},
        "wire_codecs": {name: code.codec for name, code in chosen.wire.items() if code.codec is not None},
        "latency_s": {
            "edge": latency.edge_s,
            "uplink": latency.uplink_s,
            "cloud": latency.cloud_s,
            "total": latency.total_s,
        },
        "wire_bytes": chosen.wire_bytes,
        "edge_memory_bytes": chosen.edge_memory_bytes,
        "error": chosen.error,
        **({} if chosen.exits is None else {"exits": list(chosen.exits), "reach": chosen.reach}),
    }


def where(graph: Graph, cut_key: str) -> str:
    """A cut in words."""
    cut = parse_cut(graph, cut_key)
    if not cut.layers:
        return "0: all in the cloud"
    if len(cut.layers) == len(graph.layers):
        return f"{cut.key}: all on the edge"
    if cut.index is None:
        return f"{len(cut.layers)} layers, up to {graph.layers[cut.layers[-1]].name}"
    return f"{cut.key}: after {graph.layers[cut.layers[-1]].name}"


def size_or_dash(size_bytes: int | None) -> str:
    """A size for a table; a dash for none."""
    return "-" if size_bytes is None else format_size(size_bytes)
