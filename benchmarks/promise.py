"""Accuracy promise on pictures that no plan was chosen on: every network, with its card.

Pictures are dealt into two halves. One is calibrated with, as the plan service does if nothing else is
asked for. Every plan of the table is then run on the other half. Drops are of accuracy if there are labels,
and of agreement with the float network otherwise. LPRNet is played a second time with 16 plates.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import write_result
from evosplit.edge.backends.int8 import timed_integers
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.library.cache import local_store
from evosplit.planner.accuracy_promise import DEFAULT_MAX_DROP, asked_promise, kept_line
from evosplit.planner.calibration.calibration_data import measured_inputs
from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.planner.calibration.labels import Label
from evosplit.planner.drop.accuracy import Judge, is_exact
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.encodings.encoding_costs import measure_encodings
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.service import kept_plans, service_problem
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import load_graph
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import Plan
from evosplit.shared.preprocess import preprocess
from evosplit.shared.replan import choices

THREADS: Final = 1
SLOWDOWN: Final = 30.0
RTT_S: Final = 0.02
SHARED: Final = Path(__file__).resolve().parents[2] / "shared"
CARDS: Final = Path(__file__).resolve().parents[1] / "cli" / "cards"


@dataclass(frozen=True)
class Case:
    """A network and its pictures; ``few``: only so many of the first half are there to calibrate with."""

    model: str
    read: Callable[[Card], LabelledFeeds]
    few: int | None = None


def main() -> None:
    """Measure and write the result."""
    rows = [_row(case) for case in CASES]
    write_result(
        "promise",
        {
            "max_drop_points": 100 * DEFAULT_MAX_DROP,
            "slowdown": SLOWDOWN,
            "rtt_s": RTT_S,
            "threads": THREADS,
            "networks": len(rows),
            "networks_that_hold": sum(row["holds"] for row in rows),
            "rows": rows,
        },
    )


def _row(case: Case) -> dict[str, Any]:
    path = SHARED / "models" / f"{case.model}.onnx"
    graph = load_graph(path)
    card_file = CARDS / f"{case.model}.yaml"
    card = check_card(load_card(card_file), graph)
    everything = case.read(card)
    seen, unseen = _half(everything, 0, case.few), _half(everything, 1, None)
    few = measured_inputs(card, seen)
    errors = measure_errors(graph, few, threads=THREADS)
    edge = DeviceProfiler(local_store(), THREADS, timed_integers).profile(graph, card, SLOWDOWN)
    cloud = DeviceProfiler(local_store(), THREADS).profile(graph)
    ways = measure_encodings(graph, card, few, THREADS).encodings
    problem = service_problem(graph, edge, cloud, errors, RTT_S, Limits(), ways)
    promise = asked_promise(None, None)
    table, kept = kept_plans(problem, promise, judge_for(graph, card, seen, errors, THREADS))
    exam = judge_for(graph, card, unseen, errors, THREADS)
    plans = _distinct(choices(table))
    shown = [_plan_row(problem, exam, plan) for plan in plans]
    row = {
        "model": case.model,
        "unit": "accuracy" if seen.labels else "agreement",
        "seen_inputs": len(seen.feeds),
        "unseen_inputs": len(unseen.feeds),
        "is_shown": kept.is_shown,
        "says": kept_line("card", promise, kept),
        "holds": all(row["unseen_drop_points"] <= 100 * DEFAULT_MAX_DROP + 1e-9 for row in shown),
        "plans": shown,
    }
    print(row, flush=True)
    return row


def _plan_row(problem: Problem, exam: Judge, plan: Plan) -> dict[str, Any]:
    drop = None if is_exact(plan) else exam(plan, 1.0)
    return {
        "cut": plan.cut_key,
        "layers": len(problem.graph.layers),
        "wire": sorted({f"{code.codec or 'zstd'} {code.bits}" for code in plan.wire.values()}),
        "weight_bits": sorted(set(plan.weight_bits.values())),
        "activation_bits": sorted(set(plan.activation_bits.values())),
        "wire_bytes": plan.wire_bytes,
        "unseen_drop_points": 0.0 if drop is None else 100 * drop.measured,
    }


def _distinct(plans: Sequence[Plan]) -> list[Plan]:
    """One of those that do the same to an answer."""
    return list({plan.without_cost: plan for plan in plans}.values())


def _half(data: LabelledFeeds, number: int, count: int | None) -> LabelledFeeds:
    """Every other input, from the first or the second on; the first ``count`` of these."""
    labels = None if data.labels is None else data.labels[number::2][:count]
    return LabelledFeeds(data.feeds[number::2][:count], labels)


def _photographs(card: Card) -> LabelledFeeds:
    folder = SHARED / "data" / "imagenet"
    rows = list(csv.DictReader((folder / "labels.csv").read_text("utf-8").splitlines()))
    labels: tuple[Label, ...] = tuple(int(row["class_index"]) for row in rows)
    return LabelledFeeds([_read(card, folder / row["file"]) for row in rows], labels)


def _plates(card: Card) -> LabelledFeeds:
    paths = sorted((SHARED / "data" / "plates").glob("*.jpg"))
    return LabelledFeeds([_read(card, path) for path in paths], tuple(path.stem for path in paths))


def _cifar(card: Card) -> LabelledFeeds:
    content = np.load(SHARED / "data" / "cifar10" / "cifar10.npz")
    return LabelledFeeds(
        [_made(card, picture) for picture in content["x_test"]],
        tuple(int(label) for label in content["y_test"]),
    )


def _unlabelled(count: int) -> Callable[[Card], LabelledFeeds]:
    def read(card: Card) -> LabelledFeeds:
        folders = (SHARED / "data" / name for name in ("coco", "imagenet"))
        paths = [path for folder in folders for path in sorted(folder.rglob("*")) if _is_picture(path)]
        return LabelledFeeds([_read(card, path) for path in paths[:count]], None)

    return read


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in (".jpg", ".jpeg", ".png")


def _read(card: Card, path: Path) -> Feeds:
    return _made(card, decode_picture(path.read_bytes()))


def _made(card: Card, pixels: NDArray[np.uint8]) -> Feeds:
    return dict(preprocess(card, pixels))


CASES: Final = (
    Case("squeezenet1.1", _photographs),
    Case("mobilenetv2", _photographs),
    Case("resnet20_cifar10", _cifar),
    Case("resnet56_cifar10", _cifar),
    Case("lprnet", _plates),
    Case("lprnet", _plates, few=16),
    Case("vit_cifar10", _cifar),
    Case("ultraface_rfb320", _unlabelled(300)),
    Case("yolox_nano", _unlabelled(300)),
    Case("superres_x3", _unlabelled(40)),
)


if __name__ == "__main__":
    main()
