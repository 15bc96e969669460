"""The joint integer program of cut and bits. docs/planner.md derives every row.

A reduction in three steps: `accepts` says whether the numbers make a program at all, `apply` writes it
down, `invert` reads the solver's values back. What the rows are is known to `evosplit.planner.program` alone.

Seconds enter in milliseconds, joules in millijoules, bytes in kilobytes, errors as shares of their limit,
so that one tolerance suits all rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.costs import Choice, Costs
from evosplit.planner.problem.linear_bounds import row_ends
from evosplit.planner.program import milp_solvers
from evosplit.planner.program.decision_variables import Decisions, Picks
from evosplit.planner.program.memory_rows import Memory
from evosplit.planner.program.milp_arrays import Program
from evosplit.planner.program.spending_limits import Bounds, Goal
from evosplit.planner.program.spending_sums import Measures
from evosplit.shared.link import Link

_DECIMALS: Final = 12
"""Decimals of a second or joule that count: differences of equal times are zero up to rounding."""
_TINY: Final = (0.0, 1e-6)
_GAP: Final = {"memory": (0.0, 1e-4), "error": (1e-3, 1e-9)}
"""Relative and absolute gap at which an optimum counts as proven: 1 ns or 1 nJ, 0.1 byte, 0.1 % of error."""


@dataclass(frozen=True)
class Written:
    """A program, and where in it the decisions are (tensors in the order of ``Costs.tensors``)."""

    program: Program
    goal: Goal
    layers: tuple[int, ...]
    weights: tuple[Picks, ...]
    activations: tuple[Picks, ...]
    wire: tuple[Picks, ...]


def accepts(costs: Costs) -> bool:
    """Whether there is at least one layer, and every number is finite and not negative.

    Of rows that is what they come to: at no choice of bits does a layer take less than no joules, and one of
    its rows of seconds never less than none. What rows hold may be negative.
    """
    numbers = [costs.limits.error_limit, costs.frame_s, costs.prepare_s, costs.pack_s]
    numbers += [layer.cloud_s for layer in costs.layers]
    for row in (row for layer in costs.layers for row in (*layer.edge_s, layer.energy_j)):
        numbers += [abs(number) for number in (row.fixed, row.per_weight_bit, *row.per_bit.values())]
    stored = {tensor.name: tensor.activation for tensor in costs.tensors}
    for layer in costs.layers:
        least_s = max(row_ends(row, layer.weights, stored)[0] for row in layer.edge_s)
        least_j = row_ends(layer.energy_j, layer.weights, stored)[0]
        numbers += [round(least_s, _DECIMALS), round(least_j, _DECIMALS)]
    for choice in _all_choices(costs):
        numbers += [choice.size_bytes, choice.error, choice.edge_s, choice.cloud_s]
    return bool(costs.layers) and all(math.isfinite(number) and number >= 0 for number in numbers)


def apply(costs: Costs, link: Link, goal: Goal, bounds: Bounds) -> Written:
    """The program that minimises ``goal`` within ``bounds``."""
    made = Decisions(costs, bounds)
    measures = Measures(made, link)
    sums, program = measures.sums(goal), made.program
    objective = sums.get(goal, {})
    if bounds.error is not None:
        program.row(sums["error"], high=bounds.error * measures.error_scale)
    for name, limit in bounds.spending:
        if limit is not None:
            program.row(sums[name], high=1e3 * limit)
    if bounds.memory_bytes is not None or goal == "memory":
        memory = Memory(made).variable()
        objective = {memory: 1.0} if goal == "memory" else objective
    program.minimise(objective)
    return Written(program, goal, tuple(made.x), made.weights, made.activations, made.wire)


def run(written: Written, costs: Costs, solver: str | None = None) -> Assignment | None:
    """Solve to proven optimality with ``solver`` (default: `milp_solvers.solver_name`). None: infeasible."""
    values = milp_solvers.minimum(written.program, *_GAP.get(written.goal, _TINY), solver)
    return None if values is None else invert(written, costs, values)


def invert(written: Written, costs: Costs, values: Sequence[float]) -> Assignment:
    """The decisions in the values of a program's variables."""
    layers = [layer.name for layer in costs.layers]
    tensors = [tensor.name for tensor in costs.tensors]
    weights = _picked(layers, written.weights, values)
    activations = _picked(tensors, written.activations, values)
    wire = _picked(tensors, written.wire, values)
    return Assignment(
        layers=frozenset(index for index, x in enumerate(written.layers) if values[x] > 0.5),
        weights={name: choice.bits for name, choice in weights.items()},
        activations={name: choice.bits for name, choice in activations.items()},
        wire={name: choice.bits for name, choice in wire.items()},
        codecs={name: choice.codec for name, choice in wire.items()},
    )


def _picked(names: Iterable[str], found: Iterable[Picks], values: Sequence[float]) -> dict[str, Choice]:
    return {
        name: choice
        for name, picks in zip(names, found, strict=True)
        for choice, variable in picks
        if values[variable] > 0.5
    }


def _all_choices(costs: Costs) -> Iterator[Choice]:
    for layer in costs.layers:
        yield from layer.weights
    for tensor in costs.tensors:
        yield from (*tensor.activation, *tensor.wire)
