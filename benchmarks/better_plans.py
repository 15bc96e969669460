"""Optimality check: better plans sought among the planner's own answers to other questions.

A plan is optimal only if no plan for a tighter question is better: one with a layer pinned, for another
bandwidth, or within other limits. Every network is asked at eleven bandwidths, as it is and tightened, at
four slowdowns of the edge, with and without its times in integers; then every plan found is held against
every question whose pins and limits it meets. Each one that is faster there than the answer is counted.
Measured profiles where there are some, made-up ones elsewhere, and made-up errors
(`benchmarks.synthetic_problem`).
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.planner_models import LIGHT, REAL, light_graph
from benchmarks.report import write_result
from benchmarks.synthetic_problem import profile_of, synthetic_errors
from evosplit.planner.cuts.cut_arrays import geometry
from evosplit.planner.evaluate import is_allowed
from evosplit.planner.problem import Problem, default_bits
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.cost_model import every_choice, problem_costs
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.device_pair import plain_speed
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.spending import Spending, is_within, spending
from evosplit.planner.solve import best
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.slowdown import slowed

SLOWDOWNS: Final = (1.0, 8.0, 20.0, 50.0)
BANDWIDTHS_BPS: Final = tuple(50e3 * 20_000 ** (step / 10) for step in range(11))
RTT_S: Final = 0.02
SAME: Final = 1e-6
SAME_S: Final = 2e-9
"""Plans whose latencies differ by less than that share, or by two nanoseconds, are equally good."""
TARGET: Final = 0


@dataclass(frozen=True)
class Question:
    """What was asked, and how it differs from the plain question; ``costs`` hold its pins and limits."""

    kind: str
    costs: Costs
    link: Link


@dataclass(frozen=True)
class Answer:
    """The plan found and what it costs, None where there is none."""

    question: Question
    chosen: Assignment | None
    cost: Spending | None
    solve_s: float


def main() -> None:
    """Ask everything of every network and write the result."""
    started_s = time.perf_counter()
    networks = [_network(graph) for graph in _graphs()]
    write_result(
        "better_plans",
        {
            "target": TARGET,
            "better": sum(network["better"] for network in networks),
            "questions": sum(network["questions"] for network in networks),
            "slowdowns": SLOWDOWNS,
            "bandwidths_bps": BANDWIDTHS_BPS,
            "wall_s": time.perf_counter() - started_s,
            "networks": networks,
        },
    )


def _graphs() -> Iterator[Graph]:
    for path in sorted(REAL.glob("*.onnx")):
        yield load_graph(path)
    magika = _magika()
    if magika is None:
        print("the package magika is not installed: its network is left out", flush=True)
    else:
        yield load_graph(magika)
    for path in sorted(LIGHT.glob("light_*.onnx")):
        yield light_graph(path.stem.removeprefix("light_"))


def _magika() -> Path | None:
    """The network that the package `magika` ships, without importing it."""
    spec = importlib.util.find_spec("magika")
    folders = spec.submodule_search_locations if spec else None
    return max((path for folder in folders or () for path in Path(folder).rglob("*.onnx")), default=None)


def _network(graph: Graph) -> dict[str, Any]:
    answers: list[Answer] = []
    better: Counter[str] = Counter()
    worst = 0.0
    for slowdown in SLOWDOWNS:
        for has_integers in (True, False):
            problem = _problem(graph, slowdown, has_integers)
            asked = _answers(problem)
            for kind, gain in _better(asked):
                better[kind] += 1
                worst = max(worst, gain)
            answers += asked
    row = {
        "network": graph.name,
        "layers": len(graph.layers),
        "questions": len(answers),
        "better": better.total(),
        "better_by": dict(better),
        "worst_gain": worst,
        "solve_s": statistics.median(answer.solve_s for answer in answers),
        "slowest_s": max(answer.solve_s for answer in answers),
    }
    print(row, flush=True)
    return row


def _problem(graph: Graph, slowdown: float, has_integers: bool) -> Problem:
    cloud = replace(profile_of(graph), integers=None)
    edge = slowed(profile_of(graph), slowdown)
    edge = edge if has_integers else replace(edge, integers=None)
    link = Link(BANDWIDTHS_BPS[0], RTT_S)
    errors = synthetic_errors(graph)
    plain = plain_speed(edge, cloud)
    return Problem(graph, edge, cloud, errors, link, bits=default_bits(edge), plain=plain)


def _answers(problem: Problem) -> list[Answer]:
    """The plain question at every bandwidth, and each tightened one at all or at every fourth."""
    layers = problem.graph.layers
    middle = layers[len(layers) // 2].name
    bytes_held = sum(tensor.size_bytes for tensor in problem.graph.tensors.values())
    asked = {
        "plain": (problem.limits, 1),
        "pin the last": (Limits(pinned={layers[-1].name: "edge"}), 1),
        "pin the middle": (Limits(pinned={middle: "edge"}), 4),
        "bar the middle": (Limits(pinned={middle: "cloud"}), 4),
        "error": (Limits(max_error=problem.limits.error_limit / 10), 4),
        "memory": (Limits(memory_bytes=bytes_held // 2), 4),
        "depth": (Limits(min_depth=1), 4),
    }
    answers: list[Answer] = []
    for kind, (limits, every) in asked.items():
        answers += _asked(replace(problem, limits=limits), kind, BANDWIDTHS_BPS[::every])
    return answers


def _asked(problem: Problem, kind: str, bandwidths_bps: tuple[float, ...]) -> Iterator[Answer]:
    costs, every = problem_costs(problem), every_choice(problem)
    shape = geometry(costs)
    for bandwidth_bps in bandwidths_bps:
        link = Link(bandwidth_bps, RTT_S)
        started_s = time.perf_counter()
        chosen = best(costs, link, shape=shape)
        solve_s = time.perf_counter() - started_s
        cost = None if chosen is None else spending(every, chosen)
        yield Answer(Question(kind, every, link), chosen, cost, solve_s)


def _better(answers: list[Answer]) -> Iterator[tuple[str, float]]:
    """The kinds of questions that have a better plan than their answer, and whose, and by what share."""
    for question, own in ((answer.question, answer) for answer in answers):
        others = (
            answer
            for answer in answers
            if answer.chosen and answer.cost and _meets(question, answer.chosen, answer.cost)
        )
        least_s, kind = min(
            ((_latency_s(question, answer.cost), answer.question.kind) for answer in others),
            default=(math.inf, ""),
        )
        own_s = _latency_s(question, own.cost)
        if least_s < min(own_s * (1 - SAME), own_s - SAME_S):
            yield f"{question.kind} by {kind}", 1 - least_s / own_s


def _meets(question: Question, chosen: Assignment, cost: Spending) -> bool:
    costs = question.costs
    return is_within(costs.limits, cost, question.link) and is_allowed(costs, chosen.layers)


def _latency_s(question: Question, cost: Spending | None) -> float:
    return math.inf if cost is None else cost.latency(question.link).total_s


if __name__ == "__main__":
    main()
