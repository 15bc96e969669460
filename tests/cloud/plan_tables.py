"""Plan tables by their cuts alone."""

from __future__ import annotations

from evosplit.shared.graph import Graph, parse_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import FLOAT_BITS, Latency, Plan, PlanTable, TensorCode


def bare_plan(cut_key: str, wire_bytes: int = 100) -> Plan:
    return Plan(
        model="net",
        model_sha256="0" * 64,
        cut_key=cut_key,
        boundary=("x",),
        weight_bits={},
        activation_bits={},
        wire={"x": TensorCode(FLOAT_BITS)},
        latency=Latency(0.01, 0.01, 0.01),
        link=Link(1e7),
        wire_bytes=wire_bytes,
        edge_memory_bytes=0,
        error=0.0,
    )


def bare_table(breakpoints_bps: tuple[float, ...], *cuts: str, silent: str = "") -> PlanTable:
    """Plans behind ``cuts``, by ascending bandwidth; the one behind ``silent`` sends nothing."""
    plans = tuple(bare_plan(cut_key, 0 if cut_key == silent else 100) for cut_key in cuts)
    return PlanTable("net", "0" * 64, 0.0, breakpoints_bps, plans, None)


def table_of(graph: Graph, *cuts: str) -> PlanTable:
    """Plans of a network behind ``cuts``, each for a decade of bandwidth."""
    assert all(parse_cut(graph, cut_key) for cut_key in cuts)
    breakpoints = tuple(10.0 ** (5 + index) for index in range(1, len(cuts)))
    bare = bare_table(breakpoints, *cuts)
    return PlanTable(graph.name, graph.sha256, 0.0, breakpoints, bare.plans, None)
