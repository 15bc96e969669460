"""Exits and cut together against brute force: every cut, with every set of the hooks on its edge side."""

import math
import random
from dataclasses import replace

import pytest
from graphs import random_problem
from oracle import above, at_work, cut_latencies, cuts

from benchmarks.warm_planning import resolve, warm
from evosplit.planner.problem import Problem
from evosplit.planner.solve import solve
from evosplit.planner.table import plan_table
from evosplit.shared.errors import InfeasibleError, ProfileError, UsageError
from evosplit.shared.expectation import ExitShare, Expectation
from evosplit.shared.graph import Cut
from evosplit.shared.link import Link
from evosplit.shared.serial import to_data


def expecting_problem(seed: int, **limits: float) -> Problem:
    problem = random_problem(seed, 6, "any", **limits)
    rng = random.Random(seed)  # noqa: S311
    graph = problem.graph
    taps = rng.sample(list(graph.tensors), min(len(graph.tensors), rng.choice([1, 2, 3])))
    hook_s = 0.1 * max(problem.edge.layer_s)
    exits = tuple(ExitShare(tap, rng.choice([0.3, 0.6, 0.95]), rng.random() * hook_s) for tap in taps)
    spared = rng.sample(graph.layers, len(graph.layers) // 2)
    density = {layer.name: rng.random() for layer in spared}
    bits = replace(problem.bits, activations=(32,))  # the oracle adds errors where codes are sent as stored
    return replace(problem, bits=bits, expectation=Expectation(exits, density, rng.choice([1.0, 0.4])))


def walked(problem: Problem, cut: Cut, exits: tuple[ExitShare, ...]) -> tuple[Problem, float, float]:
    """The problem in the mean over frames of this cut, the hooks' seconds, and who gets to the cloud."""
    graph, expected = problem.graph, problem.expectation
    head_s = problem.edge.head_layer_s()
    mean_s, reached, hooks_s, done = list(head_s), 1.0, 0.0, set()
    for one in exits:
        needs = above(graph, one.tap)
        for index in needs - done:
            mean_s[index] = reached * head_s[index]
        done |= needs
        hooks_s += reached * one.hook_s
        reached *= 1 - one.share
    for index in set(cut.layers) - done:
        mean_s[index] = reached * head_s[index]
    mean_s = [
        s * expected.density.get(layer.name, 1.0) for s, layer in zip(mean_s, graph.layers, strict=True)
    ]
    scaled = reached * problem.edge.encode_s_per_byte
    edge = replace(problem.edge, layer_s=tuple(mean_s), head_s={}, encode_s_per_byte=scaled)
    cloud = replace(
        problem.cloud,
        layer_s=tuple(reached * s for s in problem.cloud.tail_layer_s()),
        tail_s={},
        decode_s_per_byte=reached * problem.cloud.decode_s_per_byte,
    )
    share, link = reached * expected.wire_share, problem.link
    link = Link(link.bandwidth_bps / share, reached * link.rtt_s)
    return replace(problem, edge=edge, cloud=cloud, link=link), hooks_s, reached


def least_mean_s(problem: Problem) -> float:
    found = math.inf
    for cut in cuts(problem):
        for exits in at_work(problem, cut):
            mean, hooks_s, _ = walked(problem, cut, exits)
            found = min(found, min(cut_latencies(mean, cut), default=math.inf) + hooks_s)
    return found


@pytest.mark.parametrize("start", range(0, 200, 25))
def test_equals_brute_force(start: int) -> None:
    for seed in range(start, start + 25):
        problem = expecting_problem(seed)
        try:
            found_s = solve(problem).plan.latency.total_s
        except InfeasibleError:
            found_s = math.inf
        assert found_s == pytest.approx(least_mean_s(problem), rel=1e-7, abs=1e-9), seed


@pytest.mark.parametrize("seed", range(12))
def test_the_table_is_the_optimum_at_every_bandwidth(seed: int) -> None:
    problem = expecting_problem(seed, memory_bytes=40_000, max_error=1.0)
    table = plan_table(problem)
    for exponent in (5, 5.7, 6.5, 7.2, 8):
        link = Link(10**exponent, problem.link.rtt_s)
        best_s = solve(replace(problem, link=link)).plan.latency.total_s
        assert table.best(link.bandwidth_bps).latency_at(link).total_s == pytest.approx(best_s, abs=3e-8)


def test_a_plan_says_who_reaches_the_cloud() -> None:
    problem = expecting_problem(3)
    plan = solve(problem).plan
    cut = next(cut for cut in cuts(problem) if cut.key == plan.cut_key)
    exits = next(some for some in at_work(problem, cut) if tuple(one.tap for one in some) == plan.exits)
    _, _, reached = walked(problem, cut, exits)
    assert plan.reach == pytest.approx(reached)
    assert plan.latency_at(problem.link).total_s == pytest.approx(plan.latency.total_s)


def test_no_hook_is_at_work_on_a_layer_that_is_pinned_to_the_cloud() -> None:
    problem = random_problem(5, cuts="any", max_error=1.0)
    last = problem.graph.layers[-1]
    tempting = Expectation((ExitShare(last.outputs[0], 0.95),))
    free = replace(problem, expectation=tempting)
    pinned = replace(free, limits=replace(problem.limits, pinned={last.name: "cloud"}))
    assert solve(replace(free, limits=replace(problem.limits, pinned={last.name: "edge"}))).plan.exits
    assert solve(pinned).plan.exits == ()
    assert solve(pinned).plan.reach == 1.0
    assert solve(free).plan.latency.total_s <= solve(pinned).plan.latency.total_s


def test_nothing_spared_is_the_problem_as_it_was() -> None:
    problem = random_problem(5, max_error=1.0)
    plan = solve(problem).plan
    again = solve(replace(problem, expectation=Expectation((ExitShare("x", 0.0),)))).plan
    assert again.latency.total_s == pytest.approx(plan.latency.total_s)
    assert "reach" not in to_data(plan)
    assert plan == replace(again, exits=None)


def test_refuses_what_is_no_share() -> None:
    with pytest.raises(ProfileError, match="between 0 and 1"):
        Expectation((ExitShare("x", 1.2),))
    with pytest.raises(ProfileError, match="not finite"):
        Expectation((ExitShare("x", 0.2, math.nan),))
    problem = random_problem(5, max_error=1.0)
    unknown = replace(problem, expectation=Expectation((ExitShare("nowhere", 0.5),)))
    with pytest.raises(ProfileError, match="no tensor 'nowhere'"):
        solve(unknown)
    with pytest.raises(UsageError, match="solved anew"):
        resolve(warm(unknown))
