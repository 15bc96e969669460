"""One step for all tensors of a boundary: never slower with it, against every single step by itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from graphs import MACHINE

from evosplit.kernels.errors.coded_steps import ECONOMICAL_STEPS, STEPS
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.planner.accuracy_promise import Promise, keep
from evosplit.planner.drop.accuracy import Judge, limited
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.one_step_plans import with_one_step
from evosplit.planner.encodings import CodecSpeed
from evosplit.planner.problem import Problem
from evosplit.planner.problem.one_step import OneStep, one_step_ladders
from evosplit.planner.solve import solve
from evosplit.planner.table import plan_table
from evosplit.planner.table_promise import keep_table
from evosplit.shared.graph import load_graph
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices
from tests.models import feeds, residual_net, save

BANDWIDTHS = np.geomspace(6e4, 9e8, 25).tolist()
SAME_S = 3e-8
STRICT = Promise(0.01, is_strict=True)


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    """Its cheapest cut sends both arms of a residual block: what lies before costs the edge much less."""
    model = residual_net()
    graph = load_graph(save(model, tmp_path_factory.mktemp("net")))
    errors = measure_errors(graph, [feeds(model, seed) for seed in range(4)], threads=1)

    def profile(seconds: tuple[float, ...]) -> Profile:
        return Profile(graph.name, graph.sha256, MACHINE, 1, 1.0, seconds, {}, {}, 0.0, 0.0)

    early = 2
    edge = tuple(1e-6 if index < early else 1.0 for index in range(len(graph.layers)))
    cloud = tuple(0.5 if index < early else 1e-6 for index in range(len(graph.layers)))
    fast = CodecSpeed(0.0, 0.0)
    sides = (profile(edge), profile(cloud), errors, Link(2e6, 0.001))
    return Problem(graph, *sides, coded=fast, economical=fast)


@pytest.fixture(scope="module")
def table_at(problem: Problem) -> Callable[[Problem], PlanTable]:
    """`plan_table`, each problem solved once."""
    known: dict[tuple[float | None, OneStep | None], PlanTable] = {}

    def solved(asked: Problem) -> PlanTable:
        key = (asked.limits.max_error, asked.one_step)
        if key not in known:
            known[key] = plan_table(asked)
        return known[key]

    return solved


def shares(problem: Problem, plan: Plan) -> list[float]:
    """The steps of a plan's tensors as shares of their deviations."""
    found = []
    for name, code in plan.wire.items():
        ladder = problem.errors.activations[name].coded
        plain = [step.code for step in ladder if step.lagrange_multiplier is None]
        moved = [step.code for step in ladder if step.lagrange_multiplier is not None]
        found += [STEPS[plain.index(code)]] if code in plain else []
        found += [ECONOMICAL_STEPS[moved.index(code)]] if code in moved else []
    return found


def like_a_detector(problem: Problem, allowed: float) -> Judge:
    """What counts is the largest step of all tensors, whatever errors say."""

    def judge(plan: Plan, _: float) -> Drop:
        coded = shares(problem, plan)
        is_kept = len(coded) == len(plan.wire) and max(coded, default=0.0) <= allowed
        lost = 0.0 if is_kept else 0.5
        return Drop(100, 1.0, lost, lost, lost, lost)

    return judge


def latencies(table: PlanTable) -> list[float]:
    return [table.best(b).latency_at(Link(b, table.rtt_s)).total_s for b in BANDWIDTHS]


def test_all_tensors_take_the_one_step_and_its_errors_are_told(problem: Problem) -> None:
    for step in (OneStep(STEPS[3]), OneStep(ECONOMICAL_STEPS[6], are_moved=True)):
        plan = solve(limited(replace(problem, one_step=step), 0.0)).plan
        assert len(plan.wire) > 1
        assert shares(problem, plan) == [step.share] * len(plan.wire)
        codes = {name: problem.errors.activations[name].coded for name in plan.wire}
        errors = [
            entry.error for name, ladder in codes.items() for entry in ladder if entry.code == plan.wire[name]
        ]
        assert plan.error == pytest.approx(sum(errors))
        assert plan.error > 0


def test_a_tensor_without_so_fine_a_step_is_not_coded(problem: Problem) -> None:
    ladder = next(iter(problem.errors.activations.values())).coded
    plain = [step for step in ladder if step.lagrange_multiplier is None]
    assert list(OneStep(STEPS[1]).numbers(plain[:1])) == []
    assert list(OneStep(STEPS[1]).numbers(ladder)) == [1]


def test_restored_steps_are_taken_where_they_are_asked_for_and_were_learned(problem: Problem) -> None:
    ladder = next(iter(problem.errors.activations.values())).coded
    learned = (*ladder, replace(ladder[0], restoration="00" * 8))
    assert list(OneStep(STEPS[0]).numbers(learned)) == [0]
    assert list(OneStep(STEPS[0], are_restored=True).numbers(learned)) == [len(ladder)]
    assert list(OneStep(STEPS[1], are_restored=True).numbers(learned)) == [1]
    first = sum(step.lagrange_multiplier is None for step in ladder)
    assert list(OneStep(ECONOMICAL_STEPS[0], are_moved=True).numbers(learned)) == [first]


@pytest.mark.parametrize("allowed", [0.09, 0.3, 1.0, 2.0, 5.6])
def test_no_single_step_that_holds_is_faster(
    problem: Problem, table_at: Callable[[Problem], PlanTable], allowed: float
) -> None:
    judge = like_a_detector(problem, allowed)
    table, kept = keep_table(problem, STRICT, judge, table_at)
    assert kept.is_shown
    assert all(judge(plan, 0.01).holds(0.01) for plan in choices(table) if plan.wire)
    for step in itertools.chain(*one_step_ladders()):
        single = table_at(limited(replace(problem, one_step=step), 0.0))
        for bandwidth, latency_s in zip(BANDWIDTHS, latencies(table), strict=True):
            plan = single.best(bandwidth)
            if judge(plan, 0.01).holds(0.01):
                assert latency_s <= plan.latency_at(Link(bandwidth, single.rtt_s)).total_s + SAME_S


@pytest.mark.parametrize("allowed", [0.3, 1.0, 5.6])
def test_the_plan_of_one_link_is_as_fast_as_the_table(
    problem: Problem, table_at: Callable[[Problem], PlanTable], allowed: float
) -> None:
    judge = like_a_detector(problem, allowed)
    link = Link(2e5, problem.link.rtt_s)
    on_link = replace(problem, link=link)
    kept = keep(on_link, STRICT, judge, lambda asked: [solve(asked).plan])
    plan = solve(kept.problem).plan
    assert kept.choice is not None
    assert plan.without_cost == kept.choice.plans[0].without_cost
    assert judge(plan, 0.01).holds(0.01)
    table, _ = keep_table(problem, STRICT, judge, table_at)
    best = table.best(link.bandwidth_bps).latency_at(link).total_s
    assert plan.latency.total_s == pytest.approx(best, abs=SAME_S)


def test_no_bandwidth_is_slower_with_it(problem: Problem, table_at: Callable[[Problem], PlanTable]) -> None:
    judge = like_a_detector(problem, 1.0)
    exact = table_at(limited(problem, 0.0))
    table = with_one_step(problem, judge, 0.01, table_at, exact)
    pairs = list(zip(latencies(table), latencies(exact), strict=True))
    assert all(new <= old + SAME_S for new, old in pairs)
    assert any(new < 0.5 * old for new, old in pairs)


def test_an_error_limit_that_is_asked_for_counts_every_tensor(problem: Problem) -> None:
    asked = limited(problem, 0.1)
    table, _ = keep_table(asked, STRICT, like_a_detector(problem, 1.0))
    assert all(plan.error <= 0.1 for plan in choices(table))
