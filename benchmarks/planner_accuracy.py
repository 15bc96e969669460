"""Generalisation of `--max-drop 1` to inputs that were not used for calibration.

Each data set is dealt into two halves. On one, errors and drops are measured and plans chosen, for several
links and memory limits; on the other, the chosen plans' accuracy is measured and compared with the float
network's. Then the halves change places, so that every input is once one that the plans have not seen.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.report import write_result
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.kernels.errors.calibration_inputs import Feeds, spread
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.library.cache import local_store
from evosplit.planner.calibration.labels import Label
from evosplit.planner.drop.accuracy import choose_limit, limited
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.margins import reader_for
from evosplit.planner.drop.measured import MeasuredDrop
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.solve import solve
from evosplit.planner.table import plan_table
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import Plan
from evosplit.shared.preprocess import preprocess
from evosplit.shared.slowdown import slowed

MAX_DROP: Final = 0.01
THREADS: Final = 1
SLOWDOWN: Final = 30.0
RTT_S: Final = 0.02
BANDWIDTHS_BPS: Final = (2e6, 20e6)
MEMORY_SHARES: Final = (None, 0.25)
"""Of what the whole float network takes on the edge; None: no limit."""
CALIBRATION_INPUTS: Final = 16
SHARED: Final = Path(__file__).resolve().parents[2] / "shared"
CARDS: Final = Path(__file__).resolve().parents[1] / "cli" / "cards"


@dataclass(frozen=True)
class Data:
    """Labelled inputs."""

    feeds: Sequence[Feeds]
    labels: Sequence[Label]

    def half(self, number: int) -> Data:
        """Every other input, from the first or the second on."""
        return Data(self.feeds[number::2], self.labels[number::2])


def main() -> None:
    """Measure and write the result."""
    rows = [row for name, data in MODELS.items() for row in _rows(name, data)]
    held = [row for row in rows if row["unseen_drop_points"] <= 100 * MAX_DROP + 1e-9]
    result = {
        "max_drop_points": 100 * MAX_DROP,
        "threads": THREADS,
        "plans": len(rows),
        "plans_that_hold": len(held),
        "models": {name: _summary([row for row in rows if row["model"] == name]) for name in MODELS},
        "rows": rows,
    }
    write_result("planner_accuracy", result)


def _rows(name: str, data_of: str) -> list[dict[str, Any]]:
    graph = load_graph(SHARED / "models" / f"{name}.onnx")
    card = check_card(load_card(CARDS / f"{name}.yaml"), graph)
    data = _READ[data_of](card)
    return [row for number in (0, 1) for row in _fold(graph, card, data.half(number), data.half(1 - number))]


def _fold(graph: Graph, card: Card, seen: Data, unseen: Data) -> list[dict[str, Any]]:
    few = [seen.feeds[index] for index in spread(len(seen.feeds), CALIBRATION_INPUTS)]
    errors = measure_errors(graph, few, threads=THREADS)
    reader = reader_for(graph, card)
    assert reader is not None
    judge = MeasuredDrop(graph, reader, seen.feeds, seen.labels, THREADS, errors)
    agreement = MeasuredDrop(graph, reader, seen.feeds, None, THREADS, errors)
    exam = MeasuredDrop(graph, reader, unseen.feeds, unseen.labels, THREADS, errors)
    cloud = DeviceProfiler(local_store(), THREADS).profile(graph)
    problem = Problem(graph, slowed(cloud, SLOWDOWN), cloud, errors, Link(1e6, RTT_S))
    alone = plan_table(replace(problem, limits=Limits(max_error=0.0))).fallback
    whole_bytes = alone.edge_memory_bytes if alone else 0
    rows = []
    for bandwidth_bps in BANDWIDTHS_BPS:
        for share in MEMORY_SHARES:
            memory = None if share is None else int(share * whole_bytes)
            asked = replace(problem, link=Link(bandwidth_bps, RTT_S), limits=Limits(memory))
            for what, by in (("labels", judge), ("agreement", agreement)):
                chosen = choose_limit(functools.partial(_at, asked), by, MAX_DROP)
                row = _row(graph, chosen.plans[0], chosen.drop, exam(chosen.plans[0], 1.0))
                rows.append({**row, "by": what, "memory_bytes": memory, "max_error": chosen.max_error})
                print(rows[-1], flush=True)
    return rows


def _at(problem: Problem, limit: float) -> tuple[Plan, ...]:
    return (solve(limited(problem, limit)).plan,)


def _row(graph: Graph, plan: Plan, seen: Drop, unseen: Drop) -> dict[str, Any]:
    return {
        "model": graph.name,
        "bandwidth_bps": plan.link.bandwidth_bps,
        "cut": plan.cut_key,
        "layers": len(graph.layers),
        "wire_bits": sorted(code.bits for code in plan.wire.values()),
        "weight_bits": sorted(set(plan.weight_bits.values())),
        "latency_s": plan.latency.total_s,
        "error": plan.error,
        "seen_inputs": seen.inputs,
        "seen_drop_points": 100 * seen.measured,
        "promised_drop_points": 100 * seen.promised,
        "unseen_inputs": unseen.inputs,
        "unseen_float_accuracy": unseen.accuracy,
        "unseen_drop_points": 100 * unseen.measured,
    }


def _summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    drops = [row["unseen_drop_points"] for row in rows]
    return {
        "plans": len(rows),
        "unseen_drop_points_worst": max(drops),
        "unseen_drop_points_mean": float(np.mean(drops)),
        "promised_drop_points_worst": max(row["promised_drop_points"] for row in rows),
        "float_accuracy": float(np.mean([row["unseen_float_accuracy"] for row in rows])),
    }


def _photographs(card: Card) -> Data:
    folder = SHARED / "data" / "imagenet"
    rows = list(csv.DictReader((folder / "labels.csv").read_text("utf-8").splitlines()))
    feeds = [dict(preprocess(card, decode_picture((folder / row["file"]).read_bytes()))) for row in rows]
    return Data(feeds, [int(row["class_index"]) for row in rows])


def _cifar(card: Card) -> Data:
    content = np.load(SHARED / "data" / "cifar10" / "cifar10.npz")
    feeds = [dict(preprocess(card, picture)) for picture in content["x_test"]]
    return Data(feeds, [int(label) for label in content["y_test"]])


def _plates(card: Card) -> Data:
    paths = sorted((SHARED / "data" / "plates").glob("*.jpg"))
    feeds = [dict(preprocess(card, decode_picture(path.read_bytes()))) for path in paths]
    return Data(feeds, [path.stem for path in paths])


_READ: Final = {"photographs": _photographs, "cifar": _cifar, "plates": _plates}
MODELS: Final = {
    "squeezenet1.1": "photographs",
    "mobilenetv2": "photographs",
    "resnet56_cifar10": "cifar",
    "resnet20_cifar10": "cifar",
    "lprnet": "plates",
}


if __name__ == "__main__":
    main()
