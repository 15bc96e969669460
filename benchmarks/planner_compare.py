"""Plans against every baseline on the paper's simulated devices, link and memory budgets.

Eyeriss and TPU (`docs/devices.md`: as systolic arrays, "paper", and by the cost model of the published code,
"published"), 3 Mbit/s with 1 Mbit = 1024 * 1024 bits as in the published code, no
round trip, coding free as published. Memory is counted as in the paper: packed weights + largest activation.
Budgets are Auto-Split's where it has one; for the others they are ours (stated). MB = 10^6 bytes.

Every strategy has the same error limit: the error of the network at uniform 8 bits (U8), and the default.
QDMP's float cut often needs more memory than there is, whatever its bits. It is then listed as breaking the
limits; "retreating" is the same planner given one more idea, to bar the last layers until its head fits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.planner_tables import SAMPLES, Network, Source, network
from benchmarks.report import write_result
from evosplit.cli.planning import SIMULATED
from evosplit.planner.baselines import qdmp_retreating, u8
from evosplit.planner.compare import Row, compare
from evosplit.planner.devices import named_device
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem, offered_bits
from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR, Limits
from evosplit.shared.link import Link
from evosplit.shared.serial import to_data

MBIT: Final = 1024 * 1024
BANDWIDTH_BPS: Final = 3.0 * MBIT
TARGET: Final = 0.8
MB: Final = 10**6


@dataclass(frozen=True)
class Case:
    """A network and its memory; ``published``: the budget is Auto-Split's."""

    source: Source
    memory_bytes: int
    published: bool


CASES: Final = (
    Case(Source("resnet50", light=True), 4 * MB, True),
    Case(Source("inception_v1", light=True), 8 * MB, True),
    Case(Source("densenet121", light=True), 4 * MB, False),
    Case(Source("squeezenet1.1"), 1 * MB, False),
    Case(Source("mobilenetv2"), 1 * MB, True),
    Case(Source("yolox_nano", pictures="coco"), 1 * MB, False),
)


def main() -> None:
    """Compare on every network and write the result."""
    networks = {case: network(case.source) for case in CASES}
    result = {
        "bandwidth_bps": BANDWIDTH_BPS,
        "calibration_pictures": SAMPLES,
        "made_up_weights": [case.source.name for case in CASES if case.source.light],
        "target_geometric_mean": TARGET,
        **{devices: _pair(networks, devices) for devices in SIMULATED},
    }
    write_result("planner_compare", result)


def _pair(networks: dict[Case, Network], devices: str) -> dict[str, Any]:
    """All networks on one pair of devices."""
    rows = [row for case, net in networks.items() for row in _case(case, net, devices)]
    ratios = [row["ours_over_qdmp_quantised"] for row in rows if row["error_limit_is"] == "u8"]
    return {
        "devices": SIMULATED[devices],
        "never_worse": all(row["never_worse"] for row in rows),
        "geometric_mean_over_qdmp_quantised": _mean([row["within_budget"] for row in ratios]),
        "geometric_mean_without_memory_limit": _mean([row["without_memory_limit"] for row in ratios]),
        "geometric_mean_where_it_may_break_the_memory_limit": _mean([row["as_it_is"] for row in ratios]),
        "cases": rows,
    }


def _case(case: Case, net: Network, devices: str) -> list[dict[str, Any]]:
    free = _problem(net, devices, None, math.inf)
    limits = {"u8": evaluate(free, u8(free)).plan.error, "default": DEFAULT_MAX_ERROR}
    return [_compared(case, net, devices, name, limit) for name, limit in limits.items()]


def _compared(case: Case, net: Network, devices: str, name: str, max_error: float) -> dict[str, Any]:
    problem = _problem(net, devices, case.memory_bytes, max_error)
    rows = compare(problem)
    retreating = evaluate(problem, qdmp_retreating(problem))
    ours = next(row for row in rows if row.strategy == "ours")
    least_s = min(row.latency_s for row in rows[1:] if row.feasible and row.latency_s is not None)
    loose = {row.strategy: row for row in compare(_problem(net, devices, None, max_error))}
    print(f"{net.graph.name}, {devices}, limit {name}: {_line(rows)}", flush=True)
    return {
        "network": net.graph.name,
        "layers": len(net.graph.layers),
        "memory_bytes": case.memory_bytes,
        "memory_budget_published": case.published,
        "error_limit": max_error,
        "error_limit_is": name,
        "never_worse": ours.latency_s is not None and ours.latency_s <= least_s * (1 + 1e-9),
        "ours_over_best_baseline": _ratio(ours, least_s),
        "ours_over_qdmp_quantised": {
            "within_budget": _ratio(ours, retreating.plan.latency.total_s),
            "as_it_is": _ratio(ours, next(row.latency_s for row in rows if row.strategy == "qdmp-quantised")),
            "without_memory_limit": _ratio(loose["ours"], loose["qdmp-quantised"].latency_s),
        },
        "qdmp_retreating": {
            "latency_s": retreating.plan.latency.total_s,
            "cut": retreating.plan.cut_key,
            "error": retreating.plan.error,
        },
        "rows": [to_data(row) for row in rows],
        "rows_without_memory_limit": [to_data(row) for row in loose.values()],
    }


def _problem(net: Network, devices: str, memory_bytes: int | None, max_error: float) -> Problem:
    edge, cloud = map(named_device, SIMULATED[devices])
    return Problem(
        graph=net.graph,
        edge=edge,
        cloud=cloud,
        errors=net.errors,
        link=Link(BANDWIDTH_BPS),
        limits=Limits(memory_bytes=memory_bytes, max_error=max_error, memory_model="paper"),
        bits=offered_bits(edge),
        encodings=tuple(
            replace(encoding, encode_s=0.0, decode_s=0.0) for encoding in net.encodings.encodings
        ),
    )


def _ratio(ours: Row, other_s: float | None) -> float | None:
    return None if ours.latency_s is None or not other_s else ours.latency_s / other_s


def _mean(ratios: Sequence[float | None]) -> float:
    known = [ratio for ratio in ratios if ratio is not None]
    return math.exp(sum(map(math.log, known)) / len(known))


def _line(rows: Sequence[Row]) -> str:
    return ", ".join(
        f"{row.strategy} {1e3 * row.latency_s:.1f} ms{'' if row.feasible else ' (breaks a limit)'}"
        for row in rows
        if row.latency_s is not None
    )


if __name__ == "__main__":
    main()
