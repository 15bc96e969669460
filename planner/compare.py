"""Comparison of our plan with every published planner and plain strategy, all priced alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from evosplit.planner import baselines
from evosplit.planner.accuracy_promise import is_safe
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.solve import solve
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.plan import Plan
from evosplit.shared.weight_sizes import layer_weight_bytes

Strategy = Callable[[Problem], Assignment | None]

STRATEGIES: Final[dict[str, Strategy]] = {
    "neurosurgeon": baselines.neurosurgeon,
    "qdmp": baselines.qdmp,
    "qdmp-quantised": baselines.qdmp_quantised,
    "auto-split": baselines.auto_split,
    "u8": baselines.u8,
    "edge": baselines.edge,
    "cloud16": baselines.cloud16,
    "cloud-jpeg": baselines.cloud_jpeg,
}
"""By the name of their row, in the order of the table."""


@dataclass(frozen=True)
class Row:
    """What a strategy chose and what that costs; None where it has no answer.

    ``edge_model_bytes`` are the packed weights of the head; ``error`` is counted as in the limits; ``cut`` is
    `Cut.key`. ``feasible``: all limits of the problem hold.
    """

    strategy: str
    latency_s: float | None
    wire_bytes: int | None
    edge_model_bytes: int | None
    error: float | None
    cut: str | None
    feasible: bool


def compare(problem: Problem) -> tuple[Row, ...]:
    """Ours first, then every baseline. A strategy that knows no limits may break them and say so.

    Without calibration inputs errors are nominal: whatever then quantises more than
    `evosplit.planner.accuracy_promise.SAFE_BITS` counts as outside the limits.
    """
    return (our_row(problem), *(_row(problem, name, choose) for name, choose in STRATEGIES.items()))


def our_row(problem: Problem) -> Row:
    """The planner's own answer; none where the limits cannot be met."""
    try:
        return _priced(problem, "ours", solve(problem).plan, True)
    except InfeasibleError:
        return _none("ours")


def _row(problem: Problem, name: str, choose: Strategy) -> Row:
    chosen = choose(problem)
    if chosen is None:
        return _none(name)
    evaluation = evaluate(problem, chosen)
    is_known = problem.errors.samples > 0 or is_safe(evaluation.plan)
    return _priced(problem, name, evaluation.plan, evaluation.feasible and is_known)


def _priced(problem: Problem, name: str, plan: Plan, feasible: bool) -> Row:
    return Row(
        strategy=name,
        latency_s=plan.latency.total_s,
        wire_bytes=plan.wire_bytes,
        edge_model_bytes=edge_model_bytes(problem, plan),
        error=plan.error,
        cut=plan.cut_key,
        feasible=feasible,
    )


def _none(name: str) -> Row:
    return Row(name, None, None, None, None, None, False)


def edge_model_bytes(problem: Problem, plan: Plan) -> int:
    """Bytes of the weights of a plan's head, packed, biases and scales included."""
    on_edge = plan.weight_bits.items()
    sizes = dict(
        zip(
            (layer.name for layer in problem.graph.layers),
            layer_weight_bytes(problem.graph, {bits for _, bits in on_edge}),
            strict=True,
        )
    )
    return sum(sizes[name][bits] for name, bits in on_edge)
