"""Conversion of an assignment to a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from evosplit.kernels.errors.coded_steps import CodedStep, coarser_steps
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.costs import Choice, Costs
from evosplit.planner.problem.exit_cases import Case
from evosplit.planner.problem.planning_problem import Problem
from evosplit.planner.problem.spending import Spending, spending
from evosplit.planner.problem.wire_choices import CODED, PLAIN, USUAL
from evosplit.shared.expectation import NOTHING_SPARED
from evosplit.shared.graph import make_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, TensorCode

EASIER_STEPS: Final = 4
"""Steps of the ladder that a plan carries beside its own: up to four times its own."""
_HALF_OCTAVE: Final = 1.35
"""A little less, as ladders are rounded."""


def make_plan(problem: Problem, costs: Costs, chosen: Assignment, cost: Spending, link: Link) -> Plan:
    """The plan that an assignment is, with what it is predicted to cost over ``link``."""
    graph = problem.graph
    cut = make_cut(graph, chosen.layers)
    activation_bits = {
        tensor.name: _single(tensor.activation) or chosen.activations[tensor.name]
        for tensor in costs.tensors
        if tensor.producer in chosen.layers
    }
    return Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={
            layer.name: _single(layer.weights) or chosen.weights[layer.name]
            for index, layer in enumerate(costs.layers)
            if index in chosen.layers and layer.weights
        },
        activation_bits=activation_bits,
        wire={name: _code(problem, name, choice) for name, choice in cost.sent.items()},
        latency=cost.latency(link),
        link=link,
        wire_bytes=cost.wire_bytes,
        edge_memory_bytes=cost.memory_bytes,
        error=cost.error + _uncounted_error(problem, cost.sent),
        activation_ranges=_ranges(problem, activation_bits),
        easier=_easier(problem, cost.sent),
    )


def _uncounted_error(problem: Problem, sent: Mapping[str, Choice]) -> float:
    """The errors of tensors that all take one step, which no limit counts."""
    if problem.one_step is None:
        return 0.0
    numbers = {name: number for name, choice in sent.items() if (number := _number(choice)) is not None}
    return sum(problem.errors.activations[name].coded[number].error for name, number in numbers.items())


def _easier(problem: Problem, sent: Mapping[str, Choice]) -> dict[str, tuple[TensorCode, ...]]:
    """Larger steps of the ladder for every entropy-coded tensor that has any."""
    ladders = {
        name: _apart(problem.errors.activations[name].coded, number)
        for name, choice in sent.items()
        if (number := _number(choice)) is not None
    }
    return {name: codes for name, codes in ladders.items() if codes}


def _apart(steps: Sequence[CodedStep], number: int) -> tuple[TensorCode, ...]:
    """At most `EASIER_STEPS` of the larger steps of a ladder, each half an octave from the next."""
    codes = [steps[number].code]
    for step in reversed(coarser_steps(steps, number)):
        if (step.code.step or 0.0) >= _HALF_OCTAVE * (codes[-1].step or 0.0):
            codes.append(step.code)
    return tuple(reversed(codes[1 : 1 + EASIER_STEPS]))


def _ranges(problem: Problem, bits: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    known = problem.errors.activations
    return {
        name: known[name].ranges[width]
        for name, width in bits.items()
        if name in known and width in known[name].ranges
    }


def case_plan(problem: Problem, case: Case, chosen: Assignment, link: Link) -> tuple[Plan, Spending]:
    """As `make_plan`, with the mean latency of a frame when hooks answer some of them; and what it costs."""
    cost = spending(case.costs, chosen)
    plan = make_plan(problem, case.costs, chosen, cost, link)
    if problem.expectation == NOTHING_SPARED:
        return plan, cost
    latency = cost.latency(case.link(link))
    known = replace(plan, latency=latency, exits=case.exits, reach=case.reach, wire_share=case.wire_share)
    return known, cost


def _single(choices: tuple[Choice, ...]) -> int | None:
    """The bits of what offers no choice."""
    return choices[0].bits if len(choices) == 1 else None


def _number(choice: Choice) -> int | None:
    """The step of the ladder that a choice's codec stands for."""
    return int(choice.codec[len(CODED) :]) if choice.codec.startswith(CODED) else None


def _code(problem: Problem, tensor: str, choice: Choice) -> TensorCode:
    table = problem.errors.activations.get(tensor)
    number = _number(choice)
    if table is not None and number is not None:
        return table.coded[number].code
    codec = None if choice.codec == USUAL else choice.codec
    if table is None or choice.bits not in table.low or codec not in (None, PLAIN):
        return TensorCode(choice.bits, codec=codec)
    return TensorCode(choice.bits, table.low[choice.bits], table.high[choice.bits], codec)
