"""Integer heads against float32 heads in ONNX Runtime, one thread: time, and accuracy with labels.

Times: all activations and weights at 8 bits, at four cuts. Accuracy: the whole network on the edge, at 8 bits
throughout and as the planner chooses bits at several error limits; ranges are from inputs not judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import evosplit.cli
from benchmarks.int8.accuracy import right_answers
from benchmarks.int8.datasets import DATA, Round, rounds
from benchmarks.int8.heads import THREADS, answer, eight_bits, float_head, integer_head, timed
from benchmarks.report import write_result
from evosplit.edge.backends.int8 import timed_integers
from evosplit.edge.backends.segment import Segment
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.library.cache import local_store
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR, Limits
from evosplit.planner.solve import solve
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.profile import Profile

CLI: Final = Path(evosplit.cli.__file__).parent
MODELS: Final = {
    "mobilenetv2": "photographs",
    "squeezenet1.1": "photographs",
    "resnet56_cifar10": "cifar",
    "lprnet": "plates",
    "yolox_nano": "coco",
    "gate": "gate",
}
ERROR_LIMITS: Final = (DEFAULT_MAX_ERROR, 0.003, 0.01)
QUARTERS: Final = (0.25, 0.5, 0.75, 1.0)


def main() -> None:
    """Measure and write the result."""
    rows = {name: _model(name, kind) for name, kind in MODELS.items()}
    worst = {
        column: max(row["accuracy"][column]["drop_points"] for row in rows.values())
        for column in next(iter(rows.values()))["accuracy"]
        if column != "float"
    }
    write_result("int8_heads", {"threads": THREADS, "worst_drop_points": worst, "models": rows})


def _model(name: str, kind: str) -> dict[str, Any]:
    folder = CLI / "assets" if name == "gate" else DATA.parent / "models"
    graph = load_graph(folder / f"{name}.onnx")
    card = check_card(load_card(CLI / "cards" / f"{name}.yaml"), graph)
    parts = rounds(kind, card)
    tables = [measure_errors(graph, part.calibration, threads=THREADS) for part in parts]
    profile = DeviceProfiler(local_store(), THREADS, timed_integers).profile(graph)
    row = {
        "all_8_bit": _times(graph, profile, tables[0], parts[0]),
        **_accuracy(graph, card, profile, tables, parts),
    }
    print(name, row, flush=True)
    return row


def _times(graph: Graph, profile: Profile, errors: ErrorTable, part: Round) -> list[dict[str, Any]]:
    """At the cuts that a quarter, half, three quarters and all of the float time lie before."""
    reached_s, lengths = 0.0, dict.fromkeys(QUARTERS, len(graph.layers))
    layer_s = profile.head_layer_s()
    for count, seconds in enumerate(layer_s, 1):
        reached_s += seconds
        for share in QUARTERS[:-1]:
            if reached_s >= share * sum(layer_s):
                lengths[share] = min(lengths[share], count)
    chosen = eight_bits(graph, errors)
    return [
        {
            "cut": length,
            "layers": len(graph.layers),
            **timed(float_head(graph, length), integer_head(graph, length, *chosen), part.calibration[0]),
        }
        for length in sorted(set(lengths.values()))
    ]


def _accuracy(
    graph: Graph, card: Card, profile: Profile, tables: Sequence[ErrorTable], parts: Sequence[Round]
) -> dict[str, Any]:
    """Right answers of all rounds by column, and what each round's plans are."""
    whole = float_head(graph, len(graph.layers))
    counts: dict[str, list[tuple[float, float]]] = {}
    plans: dict[str, dict[str, Any]] = {}
    for errors, part in zip(tables, parts, strict=True):
        counts.setdefault("float", []).append(right_answers(card, whole.run, part.judged))
        for column, head, said in _heads(graph, profile, errors):
            measured = right_answers(card, partial(answer, head), part.judged)
            counts.setdefault(column, []).append(measured)
            plans.setdefault(column, {**said, **timed(whole, head, part.judged[0][0])})
    shares = {column: _share(measured) for column, measured in counts.items()}
    accuracy = {
        column: {"accuracy": share, "drop_points": 100 * (shares["float"] - share)}
        for column, share in shares.items()
    }
    return {"judged": int(sum(len(part.judged) for part in parts)), "accuracy": accuracy, "plans": plans}


def _share(counts: Sequence[tuple[float, float]]) -> float:
    return sum(right for right, _ in counts) / sum(total for _, total in counts)


def _heads(
    graph: Graph, profile: Profile, errors: ErrorTable
) -> list[tuple[str, Segment, Mapping[str, Any]]]:
    """The whole network at 8 bits, and with the planner's bits at each error limit."""
    length = len(graph.layers)
    measured: list[tuple[str, Segment, Mapping[str, Any]]] = [
        ("all 8 bits", integer_head(graph, length, *eight_bits(graph, errors)), {})
    ]
    pinned: dict[str, Literal["edge", "cloud"]] = {layer.name: "edge" for layer in graph.layers}
    for limit in ERROR_LIMITS:
        limits = Limits(max_error=limit, pinned=pinned)
        plan = solve(Problem(graph, profile, profile, errors, Link(1e6), limits)).plan
        head = integer_head(graph, length, plan.weight_bits, plan.activation_codes)
        said = {
            "integer_tensors": len(plan.activation_codes),
            "tensors": len(plan.activation_bits),
            "integer_weights": sum(bits < FLOAT_BITS for bits in plan.weight_bits.values()),
            "predicted_ms": 1e3 * plan.latency.edge_s,
            "error": plan.error,
        }
        measured.append((f"planned, error {limit:g}", head, said))
    return measured


if __name__ == "__main__":
    main()
