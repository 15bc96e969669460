"""Accuracy drop of picture plans, which do nothing else to the answer than encode the input.

The error of quantised tensors foresees a drop; at the errors of common JPEGs it foresees badly (2 bits at a
narrow boundary lose many more answers than a JPEG of the same noise). What was run needs no foresight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.plan import FLOAT_BITS, Plan, PlanTable

_PICTURE_BITS = 8


def admitted(problem: Problem, judge: Judge, max_drop: float) -> Problem:
    """The problem with those pictures alone that hold the drop (a share), at no error in the sum.

    `with_errors` puts the errors back into plans.
    """
    holding = [
        replace(encoding, error=0.0)
        for encoding in problem.encodings
        if judge(picture_plan(problem, encoding.name), max_drop).holds(max_drop)
    ]
    return replace(problem, encodings=tuple(holding))


def picture_plan(problem: Problem, codec: str) -> Plan:
    """All in the cloud, the input sent in a picture's codec that the problem offers."""
    (name,) = problem.graph.inputs
    sent = ({name: FLOAT_BITS}, {name: _PICTURE_BITS}, {name: codec})
    return evaluate(problem, Assignment(frozenset(), {}, *sent)).plan


def with_errors(plan: Plan, problem: Problem) -> Plan:
    """The plan with the error that its picture has in ``problem``."""
    known: Mapping[str | None, float] = {encoding.name: encoding.error for encoding in problem.encodings}
    errors = [known[code.codec] for code in plan.wire.values() if code.codec in known]
    return replace(plan, error=errors[0]) if errors else plan


def table_with_errors(table: PlanTable, problem: Problem) -> PlanTable:
    """`with_errors` of every plan."""
    return replace(table, plans=tuple(with_errors(plan, problem) for plan in table.plans))
