"""How long the planner takes: one solve (building the program included), a table, a look-up, a re-solve.

Weights, activations and the wire have five widths each, memory and error are limited, any downward-closed
set of layers may be the head. On Eyeriss and TPU, where time depends on the bits of everything; and with
profiles (times of a Raspberry Pi 5 and an H100 as the planner's own models give them), where the edge runs
float32 activations. 3 Mbit/s (1 Mbit = 1024 * 1024 bits). The error limit is that of uniform 8 bits.
Medians of one run; the cyclic garbage collector stays on.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.planner_tables import Network, Source, network
from benchmarks.report import write_result
from planner.baselines import u8
from planner.devices import named_device, simulated_profile
from planner.evaluate import evaluate
from planner.limits import Limits
from planner.problem import BitChoices, Problem
from planner.solve import solve
from planner.table import plan_table
from shared.graph import Graph, parse_cut
from shared.link import Link
from shared.plan import FLOAT_BITS, PlanTable
from shared.profile import Profile

BANDWIDTH_BPS: Final = 3.0 * 1024 * 1024
WIDTHS: Final = (2, 3, 4, 6, 8)
MB: Final = 10**6
ROUNDS: Final = 7
TABLE_ROUNDS: Final = 3
RESOLVES: Final = 7


@dataclass(frozen=True)
class Case:
    """A network, its memory, and how long a solve may take."""

    source: Source
    memory_bytes: int
    target_s: float


CASES: Final = (
    Case(Source("resnet50", light=True), 4 * MB, 0.3),
    Case(Source("densenet121", light=True), 4 * MB, 1.0),
    Case(Source("inception_v2", light=True), 4 * MB, 1.0),
    Case(Source("yolox_nano", pictures="coco"), 1 * MB, 1.0),
)
TARGETS: Final = {"table_s": 5.0, "lookup_s": 20e-6, "resolve_s": 0.1}


def main() -> None:
    """Measure and write the result."""
    networks = {case.source.name: network(case.source) for case in CASES}
    first = networks[CASES[0].source.name]
    write_result(
        "planner_speed",
        {
            "bandwidth_bps": BANDWIDTH_BPS,
            "widths": WIDTHS,
            "targets": TARGETS,
            "solves": [_case(case, networks[case.source.name]) for case in CASES],
            "resnet50": {
                devices: _tables(make(first, CASES[0].memory_bytes)) for devices, make in DEVICES.items()
            },
        },
    )


def _case(case: Case, net: Network) -> dict[str, Any]:
    found = {devices: _solves(make(net, case.memory_bytes), net.graph) for devices, make in DEVICES.items()}
    print(f"{case.source.name}: {found}", flush=True)
    return {
        "network": case.source.name,
        "layers": len(net.graph.layers),
        "memory_bytes": case.memory_bytes,
        "target_s": case.target_s,
        **found,
    }


def _solves(problem: Problem, graph: Graph) -> dict[str, Any]:
    found = [solve(problem) for _ in range(ROUNDS)]
    plan = found[0].plan
    return {
        "solve_s": statistics.median(one.solve_time_s for one in found),
        "worst_s": max(one.solve_time_s for one in found),
        "solver": found[0].solver,
        "edge_layers": len(parse_cut(graph, plan.cut_key).layers),
        "latency_s": plan.latency.total_s,
        "error_limit": problem.limits.max_error,
    }


def _tables(problem: Problem) -> dict[str, Any]:
    tables: list[PlanTable] = []
    table_s = _median(lambda: tables.append(plan_table(problem)), TABLE_ROUNDS)
    table = tables[0]
    bandwidths = [10 ** (4.7 + at * 4.3 / 1000) for at in range(1000)]
    lookup_s = _median(lambda: [table.best(one) for one in bandwidths], 21) / len(bandwidths)
    return {
        "table_s": table_s,
        "plans": len(table.plans),
        "lookup_s": lookup_s,
        "resolve_s": {
            "link": _median(_changing(problem, _relinked), RESOLVES),
            "edge_speed": _median(_changing(problem, _slowed), RESOLVES),
        },
    }


def _changing(problem: Problem, change: Callable[[Problem, float], Problem]) -> Callable[[], object]:
    """A solve after a change by a few per cent, each time another."""
    factors = itertools.cycle((1.1, 0.9, 1.2, 0.8, 1.05, 0.95, 1.3))
    return lambda: solve(change(problem, next(factors)))


def _relinked(problem: Problem, factor: float) -> Problem:
    return replace(problem, link=Link(BANDWIDTH_BPS * factor))


def _slowed(problem: Problem, factor: float) -> Problem:
    edge = problem.edge
    if isinstance(edge, Profile):
        return replace(problem, edge=replace(edge, layer_s=tuple(factor * one for one in edge.layer_s)))
    return replace(problem, edge=replace(edge, clock_hz=factor * edge.clock_hz))  # type: ignore[type-var]


def _median(step: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        start_s = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start_s)
    return statistics.median(seconds)


def _simulated(net: Network, memory_bytes: int) -> Problem:
    bits = BitChoices(WIDTHS, WIDTHS, WIDTHS)
    return _limited(net, memory_bytes, bits, named_device("eyeriss"), named_device("tpu"))


def _profiled(net: Network, memory_bytes: int) -> Problem:
    edge, cloud = (simulated_profile(named_device(name), net.graph) for name in ("raspberry-pi-5", "h100"))
    bits = BitChoices((2, 4, 6, 8, FLOAT_BITS), (FLOAT_BITS,), (2, 4, 6, 8, 16))
    return _limited(net, 4 * memory_bytes, bits, edge, cloud)


def _limited(net: Network, memory_bytes: int, bits: BitChoices, edge: Any, cloud: Any) -> Problem:  # noqa: ANN401
    free = Problem(net.graph, edge, cloud, net.errors, Link(BANDWIDTH_BPS), bits=bits)
    limits = Limits(memory_bytes=memory_bytes, max_error=evaluate(free, u8(free)).plan.error)
    return replace(free, limits=limits)


DEVICES: Final[dict[str, Callable[[Network, int], Problem]]] = {
    "eyeriss_tpu": _simulated,
    "profiles": _profiled,
}


if __name__ == "__main__":
    main()
