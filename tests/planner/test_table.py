from dataclasses import replace

import numpy as np
import pytest
from graphs import random_problem

from evosplit.planner.problem import Problem
from evosplit.planner.solve import solve
from evosplit.planner.table import MAX_BANDWIDTH_BPS, MIN_BANDWIDTH_BPS, plan_table
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.link import Link


def scaled(seed: int) -> Problem:
    """A random problem whose devices are as fast as its small tensors deserve, so that tables have rows."""
    return random_problem(seed, layers=7, memory_bytes=60_000, max_error=0.1)


@pytest.mark.parametrize("start", range(0, 20, 5))
def test_equals_a_dense_grid_of_single_solves(start: int) -> None:
    for seed in range(start, start + 5):
        problem = scaled(seed)
        table = plan_table(problem)
        for bandwidth in np.geomspace(MIN_BANDWIDTH_BPS, MAX_BANDWIDTH_BPS, 25):
            link = Link(float(bandwidth), problem.link.rtt_s)
            single = solve(replace(problem, link=link)).plan
            best = table.best(float(bandwidth))
            assert best.latency_at(link).total_s == pytest.approx(single.latency.total_s, abs=2e-8), seed


def test_tables_are_in_order_and_no_plan_comes_twice() -> None:
    rows = 0
    for seed in range(10):
        table = plan_table(scaled(seed))
        rows = max(rows, len(table.plans))
        assert len(table.breakpoints_bps) == len(table.plans) - 1
        assert list(table.breakpoints_bps) == sorted(set(table.breakpoints_bps))
        sizes = [plan.wire_bytes for plan in table.plans]
        assert sizes == sorted(set(sizes))
        assert [plan.link.bandwidth_bps for plan in table.plans] == [
            MIN_BANDWIDTH_BPS,
            *table.breakpoints_bps,
        ]
    assert rows >= 3


def test_the_fallback_keeps_every_layer_or_is_none() -> None:
    kinds = set()
    for seed in range(15):
        problem = random_problem(seed, memory_bytes=12_000, max_error=0.05)
        try:
            fallback = plan_table(problem).fallback
        except InfeasibleError:
            continue
        kinds.add(fallback is None)
        if fallback is not None:
            assert fallback.cut_key == str(len(problem.graph.layers))
            assert (fallback.wire_bytes, fallback.latency.uplink_s, fallback.latency.cloud_s) == (0, 0.0, 0.0)
            assert fallback.edge_memory_bytes <= 12_000
            assert fallback.error <= 0.05
    assert kinds == {True, False}


def test_an_infeasible_table_names_the_limit() -> None:
    with pytest.raises(InfeasibleError, match="memory"):
        plan_table(random_problem(1, memory_bytes=10, max_error=1.0))
