"""Latency of a first plan: errors of quantisation, accuracy of one point, the table; nothing cached.

The networks of the models folder, and the topologies of the `onnx` package with made-up weights, on random
inputs: as many as a folder of calibration pictures holds. Which plan holds means nothing on such inputs.
Profiles are those of an H100 and a
Raspberry Pi 5 as the planner models them: measuring a device is another matter, done once per device.
Processor seconds are those of all cores together: on a machine that is busy otherwise they say more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from benchmarks.planner_models import LIGHT, REAL, light_graph, real_graph
from benchmarks.report import write_result
from evosplit.kernels.errors.calibration_inputs import DEFAULT_INPUTS, Feeds, random_calibration
from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.planner.accuracy_promise import asked_promise
from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.planner.devices import named_device, simulated_profile
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.problem import Problem
from evosplit.planner.table import plan_table
from evosplit.planner.table_promise import keep_table
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.replan import choices

INPUTS: Final = 200
BANDWIDTH_BPS: Final = 20e6
RTT_S: Final = 0.02
SMALL_MACS: Final = 5e9
TARGET_SMALL_S: Final = 10.0
TARGET_S: Final = 60.0

A = TypeVar("A")


class RandomInputs(Sequence[Feeds]):
    """Seeded inputs, each made when it is asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __len__(self) -> int:
        return INPUTS

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - an index, or a slice that nobody asks for
        if not 0 <= index < INPUTS:
            raise IndexError(index)
        return random_calibration(self._graph, count=1, seed=index)[0]


def main() -> None:
    """Measure and write the result."""
    rows = []
    for make in networks():
        rows.append(measured(make()))
        print(rows[-1], flush=True)
    targets = {f"to_{SMALL_MACS:g}_macs_s": TARGET_SMALL_S, "any_s": TARGET_S}
    write_result("first_plan", {"inputs": INPUTS, "targets": targets, "networks": rows})


def networks() -> Iterator[Callable[[], Graph]]:
    """Every network, loaded when its turn comes."""
    yield from (partial(real_graph, path.stem) for path in sorted(REAL.glob("*.onnx")))
    yield from (
        partial(light_graph, path.stem.removeprefix("light_")) for path in sorted(LIGHT.glob("*.onnx"))
    )


def measured(graph: Graph) -> dict[str, Any]:
    """Seconds of each step for one network, on all cores."""
    calibration = random_calibration(graph, count=DEFAULT_INPUTS)
    started_s = time.process_time()
    errors, errors_s = timed(lambda: measure_errors(graph, calibration))
    problem = problem_of(graph, errors)
    table, table_s = timed(lambda: plan_table(problem))
    judged, judge_s = timed(lambda: judged_plans(problem, errors))
    macs = graph.macs
    target_s = TARGET_SMALL_S if macs <= SMALL_MACS else TARGET_S
    total_s = errors_s + judge_s
    return {
        "network": graph.name,
        "layers": len(graph.layers),
        "macs": macs,
        "errors_s": errors_s,
        "table_s": table_s,
        "judge_and_tables_s": judge_s,
        "outcome": judged,
        "plans": len(table.plans),
        "total_s": total_s,
        "processor_s": time.process_time() - started_s,
        "target_s": target_s,
        "holds": total_s <= target_s,
    }


def problem_of(graph: Graph, errors: ErrorTable) -> Problem:
    """One that has everything to choose between: edge and cloud are far apart, and the link is slow."""
    edge, cloud = (simulated_profile(named_device(name), graph, 32) for name in ("raspberry-pi-5", "h100"))
    return Problem(graph=graph, edge=edge, cloud=cloud, errors=errors, link=Link(BANDWIDTH_BPS, RTT_S))


def judged_plans(problem: Problem, errors: ErrorTable) -> str:
    """What became of the search for plans that hold the default promise."""
    inputs = LabelledFeeds(RandomInputs(problem.graph), None)
    judge = judge_for(problem.graph, None, inputs, errors, threads=0)
    table, kept = keep_table(problem, asked_promise(None, None), judge)
    return f"{kept.shown or 0} of {len(choices(table))} plans hold"


def timed(step: Callable[[], A]) -> tuple[A, float]:
    """What the step makes, and its seconds."""
    started_s = time.perf_counter()
    made = step()
    return made, time.perf_counter() - started_s
