"""Intervals of predictions: as wide as the profiles' residuals, around what is expected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evosplit.planner.devices import named_device
from evosplit.planner.latency_interval import latency_interval
from evosplit.planner.solve import solve
from tests.planner.graphs import random_problem


def test_the_interval_has_the_width_of_the_residuals() -> None:
    problem = random_problem(3, layers=5, max_error=1.0)
    edge = replace(problem.edge, residual=0.1, frame_s=0.25, prepare_s=0.25)
    cloud = replace(problem.cloud, residual=0.2)
    plan = solve(replace(problem, edge=edge, cloud=cloud)).plan
    interval = latency_interval(plan, edge, cloud)
    latency = plan.latency
    off_s = 0.1 * (latency.edge_s - 0.5) + 0.2 * latency.cloud_s
    assert interval.expected_s == latency.total_s > 0.5
    assert interval.high_s - interval.expected_s == pytest.approx(off_s)
    assert interval.low_s == pytest.approx(max(interval.expected_s - off_s, 0.0))


def test_what_states_no_residual_adds_no_width() -> None:
    problem = random_problem(4, layers=5, max_error=1.0)
    plan = solve(problem).plan
    for edge in (problem.edge, named_device("eyeriss")):
        interval = latency_interval(plan, edge, problem.cloud)
        assert interval.low_s == interval.expected_s == interval.high_s == plan.latency.total_s


def test_no_latency_is_below_zero() -> None:
    problem = random_problem(5, layers=5, max_error=1.0)
    wild = replace(problem.edge, residual=50.0)
    assert latency_interval(solve(problem).plan, wild, replace(problem.cloud, residual=50.0)).low_s == 0.0
