"""Planner run time: one solve (building the program included), a table, a look-up, a re-solve.

Weights, activations and the wire have five widths each, memory and error are limited, any downward-closed
set of layers may be the head. On Eyeriss and TPU, where time depends on the bits of everything; and with
profiles (times of a Raspberry Pi 5 and an H100 as the planner's own models give them), where the edge runs
float32 activations. Each is solved on three links (1 Mbit = 1024 * 1024 bits) within three shares of the
memory that the whole network takes at uniform 8 bits, and with the error that it has then.
Medians of one run. The table and the re-solves are those of ResNet-50, with all of that memory; a re-solve
starts from what an earlier one left (`benchmarks.warm_planning`).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.planner_tables import Network, Source, network
from benchmarks.report import write_result
from benchmarks.warm_planning import resolve, warm
from evosplit.planner.baselines import u8
from evosplit.planner.devices import named_device, simulated_profile
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.solve import solve
from evosplit.planner.table import plan_table
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.graph import parse_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import FLOAT_BITS, PlanTable

MBIT: Final = 1024 * 1024
LINKS_MBIT_S: Final = (0.5, 3.0, 20.0)
MEMORY_SHARES: Final = (0.25, 0.5, 0.8)
WIDTHS: Final = (2, 3, 4, 6, 8)
ROUNDS: Final = 3
TABLE_ROUNDS: Final = 3
FACTORS: Final = (1.1, 0.9, 1.2, 0.8, 1.05, 0.95, 1.3, 0.5, 2.0)


@dataclass(frozen=True)
class Case:
    """A network, and how long a solve may take."""

    source: Source
    target_s: float


CASES: Final = (
    Case(Source("resnet50", light=True), 0.3),
    Case(Source("densenet121", light=True), 1.0),
    Case(Source("inception_v2", light=True), 1.0),
    Case(Source("yolox_nano", pictures="coco"), 1.0),
)
TARGETS: Final = {"table_s": 5.0, "lookup_s": 20e-6, "resolve_s": 0.1}


def main() -> None:
    """Measure and write the result."""
    networks = {case.source.name: network(case.source) for case in CASES}
    solves = [_case(case, networks[case.source.name]) for case in CASES]
    resnet50 = networks[CASES[0].source.name]
    write_result(
        "planner_speed",
        {
            "mbit": MBIT,
            "targets": TARGETS,
            "solves": solves,
            "resnet50": {devices: _tables(make(resnet50)) for devices, make in DEVICES.items()},
        },
    )


def _case(case: Case, net: Network) -> dict[str, Any]:
    results = {devices: _solves(make(net)) for devices, make in DEVICES.items()}
    return {
        "network": case.source.name,
        "layers": len(net.graph.layers),
        "target_s": case.target_s,
        **results,
    }


def _solves(problem: Problem) -> dict[str, Any]:
    """Every memory limit on every link; the median of all, and the slowest setting's median."""
    settings = [
        {"memory_share": share, "mbit_s": mbit_s, **_solve_s(problem, share, mbit_s)}
        for share in MEMORY_SHARES
        for mbit_s in LINKS_MBIT_S
    ]
    print(f"{problem.graph.name}: {settings}", flush=True)
    seconds = [setting["solve_s"] for setting in settings if setting["solve_s"] is not None]
    return {
        "solve_s": statistics.median(seconds),
        "slowest_s": max(seconds),
        "error_limit": problem.limits.max_error,
        "settings": settings,
    }


def _solve_s(problem: Problem, share: float, mbit_s: float) -> dict[str, Any]:
    memory_bytes = round(share * (problem.limits.memory_bytes or 0))
    limits = replace(problem.limits, memory_bytes=memory_bytes)
    asked = replace(problem, limits=limits, link=Link(mbit_s * MBIT))
    try:
        solutions = [solve(asked) for _ in range(ROUNDS)]
    except InfeasibleError as error:
        return {"solve_s": None, "infeasible": str(error)}
    plan = solutions[0].plan
    return {
        "solve_s": statistics.median(solution.solve_time_s for solution in solutions),
        "solver": solutions[0].solver,
        "edge_layers": len(parse_cut(problem.graph, plan.cut_key).layers),
        "latency_s": plan.latency.total_s,
    }


def _tables(problem: Problem) -> dict[str, Any]:
    tables: list[PlanTable] = []
    table_s = _median(lambda: tables.append(plan_table(problem)), TABLE_ROUNDS)
    table = tables[0]
    bandwidths = [10 ** (4.7 + step * 4.3 / 1000) for step in range(1000)]
    lookup_s = _median(lambda: [table.best(bandwidth) for bandwidth in bandwidths], 21) / len(bandwidths)
    return {
        "table_s": table_s,
        "plans": len(table.plans),
        "lookup_s": lookup_s,
        "resolve_s_by_mbit_s": {
            str(mbit_s): _resolves(replace(problem, link=Link(mbit_s * MBIT))) for mbit_s in LINKS_MBIT_S
        },
    }


def _resolves(problem: Problem) -> dict[str, float]:
    """Seconds of planning again, with what an earlier solve left: the link changed, then the edge's speed."""
    _, state = resolve(warm(problem))
    link_s, speed_s = [], []
    for factor in FACTORS:
        solution, state = resolve(state, link=Link(factor * problem.link.bandwidth_bps))
        link_s.append(solution.solve_time_s)
        solution, state = resolve(state, link=problem.link, edge_slower=factor)
        speed_s.append(solution.solve_time_s)
    return {"link": statistics.median(link_s), "edge_speed": statistics.median(speed_s)}


def _median(step: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        start_s = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start_s)
    return statistics.median(seconds)


def _simulated(net: Network) -> Problem:
    bits = BitChoices(WIDTHS, WIDTHS, WIDTHS)
    return _limited(net, bits, named_device("eyeriss"), named_device("tpu"))


def _profiled(net: Network) -> Problem:
    edge, cloud = (simulated_profile(named_device(name), net.graph) for name in ("raspberry-pi-5", "h100"))
    bits = BitChoices((2, 4, 6, 8, FLOAT_BITS), (FLOAT_BITS,), (2, 4, 6, 8, 16))
    return _limited(net, bits, edge, cloud)


def _limited(net: Network, bits: BitChoices, edge: Any, cloud: Any) -> Problem:  # noqa: ANN401
    """Memory and error of the whole network at uniform 8 bits."""
    free = Problem(net.graph, edge, cloud, net.errors, Link(3 * MBIT), bits=bits)
    whole = evaluate(free, u8(free)).plan
    return replace(free, limits=Limits(memory_bytes=whole.edge_memory_bytes, max_error=whole.error))


DEVICES: Final[dict[str, Callable[[Network], Problem]]] = {
    "eyeriss_tpu": _simulated,
    "profiles": _profiled,
}


if __name__ == "__main__":
    main()
