"""Plans admitted one by one, against a bisection of the limits at one bandwidth after the other."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from graphs import MACHINE
from hypothesis import given
from hypothesis import strategies as st

from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.planner.accuracy_promise import Promise, is_safe, kept_line
from evosplit.planner.drop.accuracy import ERROR_LIMITS, Judge, choose_limit, is_exact, limited
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.one_by_one import admitted_table
from evosplit.planner.drop.table_pieces import faster_of, is_faster_within, pieces_of
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.table import plan_table
from evosplit.planner.table_promise import keep_table
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.graph import load_graph
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices
from tests.models import chain_net, feeds, save

BANDWIDTHS = np.geomspace(6e4, 9e8, 25).tolist()
SAME_S = 3e-8

TableAt = Callable[[float], PlanTable]


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    model = chain_net()
    graph = load_graph(save(model, tmp_path_factory.mktemp("net")))
    errors = measure_errors(graph, [feeds(model, seed) for seed in range(4)], threads=1)
    total = sum(layer.macs for layer in graph.layers)

    def profile(scale_s: float) -> Profile:
        seconds = tuple(scale_s * (layer.macs / total + 0.001) for layer in graph.layers)
        return Profile(graph.name, graph.sha256, MACHINE, 1, 1.0, seconds, {}, {}, 0.0, 0.0)

    return Problem(graph, profile(0.02), profile(0.0004), errors, Link(2e6, 0.001))


@pytest.fixture(scope="module")
def table_at(problem: Problem) -> TableAt:
    found = {limit: plan_table(limited(problem, limit)) for limit in ERROR_LIMITS}
    return lambda limit: found[limit]


def drawn(seed: int, noise: float) -> Judge:
    """Drops that grow with the error, and luck that each plan has for itself."""

    def judge(plan: Plan, _: float) -> Drop:
        luck = np.random.default_rng([seed, zlib.crc32(plan.without_cost.encode())]).normal(0, noise)
        drop = min(0.9, 0.1 * plan.error**0.5 * math.exp(luck))
        return Drop(100, 1.0, drop / 2, drop / 2, 0.0, drop)

    return judge


def latencies(table: PlanTable) -> list[float]:
    return [table.best(b).latency_at(Link(b, table.rtt_s)).total_s for b in BANDWIDTHS]


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 3.0]), st.floats(1e-3, 0.3))
def test_each_bandwidth_gets_what_it_would_get_alone(
    table_at: TableAt, seed: int, noise: float, max_drop: float
) -> None:
    judge = drawn(seed, noise)
    table, choice = admitted_table(table_at, judge, max_drop)
    for bandwidth in BANDWIDTHS:
        alone = choose_limit(lambda limit, at=bandwidth: (table_at(limit).best(at),), judge, max_drop)
        assert table.best(bandwidth).without_cost == alone.plans[0].without_cost
    assert all(is_exact(plan) or judge(plan, max_drop).holds(max_drop) for plan in choices(table))
    assert choice.drop.holds(max_drop)
    assert list(table.breakpoints_bps) == sorted(set(table.breakpoints_bps))


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 3.0]), st.floats(1e-3, 0.3), st.floats(0.1, 1.0))
def test_a_tighter_promise_makes_no_plan_faster(
    table_at: TableAt, seed: int, noise: float, loose: float, share: float
) -> None:
    judge = drawn(seed, noise)
    wide, narrow = (admitted_table(table_at, judge, drop)[0] for drop in (loose, share * loose))
    pairs = zip(latencies(wide), latencies(narrow), strict=True)
    assert all(fast <= slow + SAME_S for fast, slow in pairs)
    if narrow.fallback is not None:
        assert wide.fallback is not None
        assert wide.fallback.latency.total_s <= narrow.fallback.latency.total_s + SAME_S


def test_one_plan_that_fails_takes_no_other_down(table_at: TableAt) -> None:
    largest = table_at(ERROR_LIMITS[0])
    victim = largest.plans[-1].without_cost
    assert len({plan.without_cost for plan in largest.plans}) > 1

    def judge(plan: Plan, _: float) -> Drop:
        lost = 0.5 if plan.without_cost == victim else 0.0
        return Drop(100, 1.0, lost, lost, lost, lost)

    table, _ = admitted_table(table_at, judge, 0.01)
    kept = {plan.without_cost for plan in choices(table)}
    assert victim not in kept
    assert {plan.without_cost for plan in choices(largest)} - {victim} <= kept
    together = choose_limit(lambda limit: choices(table_at(limit)), judge, 0.01)
    alone = PlanTable("", "", table.rtt_s, table_at(together.max_error).breakpoints_bps, (), None)
    before = replace(alone, plans=table_at(together.max_error).plans)
    assert all(new <= old + SAME_S for new, old in zip(latencies(table), latencies(before), strict=True))


@given(st.integers(0, 10_000), st.floats(1e-3, 0.3), st.floats(1e-3, 0.3))
def test_the_faster_of_two_tables_is_that_at_every_bandwidth(
    table_at: TableAt, seed: int, first: float, second: float
) -> None:
    one, other = (admitted_table(table_at, drawn(seed, 1.0), drop)[0] for drop in (first, second))
    best = [min(pair) for pair in zip(latencies(one), latencies(other), strict=True)]
    assert latencies(faster_of(one, other)) == pytest.approx(best, abs=1e-12)


def test_pieces_cover_every_bandwidth(table_at: TableAt) -> None:
    pieces = list(pieces_of(table_at(0.1)))
    assert (pieces[0].low_bps, pieces[-1].high_bps) == (0.0, math.inf)
    assert [one.high_bps for one in pieces[:-1]] == [one.low_bps for one in pieces[1:]]
    assert all(table_at(0.1).best(1.5 * max(one.low_bps, 1.0)) is one.plan for one in pieces[:1])


@given(st.integers(0, 10_000), st.floats(1e-3, 0.3), st.floats(1e-3, 0.3))
def test_a_piece_is_faster_where_some_bandwidth_says_so(
    table_at: TableAt, seed: int, first: float, second: float
) -> None:
    one, other = (admitted_table(table_at, drawn(seed, 1.0), drop)[0] for drop in (first, second))
    for piece in pieces_of(one):
        within = np.geomspace(max(piece.low_bps, 1e4), min(piece.high_bps, 1e10), 300, endpoint=False)
        links = [Link(float(bandwidth), one.rtt_s) for bandwidth in within]
        ahead = [
            other.best(link.bandwidth_bps).latency_at(link).total_s - piece.plan.latency_at(link).total_s
            for link in links
        ]
        if max(ahead) > SAME_S:
            assert is_faster_within(piece, other)
        if not is_faster_within(piece, other):
            assert max(ahead) <= SAME_S


def test_by_default_safe_plans_stand_in_where_nothing_faster_is_shown(problem: Problem) -> None:
    """No bandwidth is slower than with safe plans alone, which few inputs do not speak against."""

    def judge(plan: Plan, _: float) -> Drop:
        is_fine = is_exact(plan) or plan.error < 1e-6
        return Drop(32, 1.0, 0.0, 0.004, 0.0, 0.0 if is_fine else 0.02)

    table, kept = keep_table(problem, Promise(0.01), judge)
    assert not kept.is_shown
    assert all(is_safe(plan) or judge(plan, 0.01).holds(0.01) for plan in choices(table))
    strict, shown = keep_table(problem, Promise(0.01, is_strict=True), judge)
    assert shown.is_shown
    assert all(judge(plan, 0.01).holds(0.01) for plan in choices(strict))
    assert all(new <= old + SAME_S for new, old in zip(latencies(table), latencies(strict), strict=True))
    assert "points" in kept_line("card", Promise(0.01), kept)


def test_nothing_that_holds_is_refused_strictly_and_served_by_default(problem: Problem) -> None:
    def judge(plan: Plan, _: float) -> Drop:
        return Drop(16, 1.0, 0.3, 0.3, 0.2, 0.4)

    table, kept = keep_table(problem, Promise(0.01, is_strict=True), judge)
    assert all(map(is_exact, choices(table)))
    assert kept.is_shown
    least = min(plan.edge_memory_bytes for plan in choices(table) if plan.cut_key == table.fallback.cut_key)
    last = problem.graph.layers[-1].name
    tight = replace(problem, limits=Limits(memory_bytes=least - 1, pinned={last: "edge"}))
    with pytest.raises(InfeasibleError, match="within 1 points"):
        keep_table(tight, Promise(0.01, is_strict=True), judge)
    served, found = keep_table(tight, Promise(0.01), judge)
    assert found.choice is None
    assert not any(map(is_exact, choices(served)))
