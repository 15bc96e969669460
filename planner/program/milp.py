"""Mixed-integer linear program of cut and bits. docs/planner.md derives every row.

A reduction in two steps: `apply` writes down numbers that `evosplit.planner.problem.linear_bounds` accepts,
`invert` reads the solver's values back. What the rows are is known to `evosplit.planner.program` alone.

Seconds enter in milliseconds, joules in millijoules, bytes in kilobytes, errors as shares of their limit,
so that one tolerance suits all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.costs import Choice, Costs
from evosplit.planner.program import milp_solvers
from evosplit.planner.program.decision_variables import Decisions, Picks
from evosplit.planner.program.memory_rows import Memory
from evosplit.planner.program.milp_arrays import Program
from evosplit.planner.program.spending_limits import Bounds, Goal
from evosplit.planner.program.spending_sums import Measures
from evosplit.shared.link import Link

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


def solved(
    costs: Costs, link: Link, goal: Goal, bounds: Bounds, solver: str | None = None
) -> Assignment | None:
    """The assignment of least ``goal`` within ``bounds``, proven; None: there is none."""
    return run(apply(costs, link, goal, bounds), costs, solver)


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


def _picked(names: Iterable[str], per_name: Iterable[Picks], values: Sequence[float]) -> dict[str, Choice]:
    return {
        name: choice
        for name, picks in zip(names, per_name, strict=True)
        for choice, variable in picks
        if values[variable] > 0.5
    }
