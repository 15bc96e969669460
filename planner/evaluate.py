"""Evaluation of any choice of cut and bits with the solver's own cost model; no solver involved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.cost_model import every_choice
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.limits import LimitStatus
from evosplit.planner.problem.plans import make_plan
from evosplit.planner.problem.spending import crosses, limit_status, spending
from evosplit.shared.plan import FLOAT_BITS, Plan


@dataclass(frozen=True)
class Evaluation:
    """An assignment as a plan, how it stands against every limit, and whether it meets them all."""

    plan: Plan
    limits: tuple[LimitStatus, ...]
    feasible: bool


def evaluate(problem: Problem, assignment: Assignment) -> Evaluation:
    """Price an assignment, whether or not the problem offers its bits and whether or not limits hold.

    ``assignment`` needs bits for the weights of edge layers, for tensors made there (and the model's inputs)
    and for tensors that cross; more is ignored. Raises UsageError for layers that are not downward closed,
    KeyError for bits that are missing from the assignment, StopIteration for widths without an error.
    """
    offered = replace(problem, bits=_bits(problem, assignment))
    costs = every_choice(offered)
    cost = spending(costs, assignment)
    plan = make_plan(problem, costs, assignment, cost, problem.link)
    statuses = limit_status(problem.limits, cost, problem.link)
    allowed = is_allowed(costs, assignment.layers) and all(status.met for status in statuses)
    return Evaluation(plan, statuses, allowed)


def is_allowed(costs: Costs, layers: frozenset[int]) -> bool:
    """Whether the cut keeps pinned layers where they belong, and nothing too raw is sent."""
    kept = all((index in layers) == on_edge for index, on_edge in costs.pinned.items())
    return kept and all(costs.may_cross(tensor) for tensor in costs.tensors if crosses(tensor, layers))


def _bits(problem: Problem, assignment: Assignment) -> BitChoices:
    """The bits on offer and those that the assignment uses."""
    used = (assignment.weights, assignment.activations, assignment.wire)
    weights, activations, wire = (tuple(sorted({*bits.values()})) for bits in used)
    return BitChoices(weights or (FLOAT_BITS,), activations or (FLOAT_BITS,), wire or (FLOAT_BITS,))
