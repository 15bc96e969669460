"""Single strategies of a band chart: which there are, and by which plans."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphs import random_problem

from evosplit.cli.measured.chart_plans import ChartPlans, chart_plans
from evosplit.cli.measured.ways import Way, held_to, split_ways
from evosplit.planner.accuracy_promise import Promise
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.problem import Problem
from evosplit.planner.table import plan_table
from evosplit.shared.graph import parse_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import TensorCode

LINKS = [Link(10.0**power, 0.02) for power in range(2, 9)]


def chart(problem: Problem) -> ChartPlans:
    return chart_plans(problem, plan_table(problem), Promise(None), None)


@pytest.mark.parametrize("seed", range(8))
def test_every_fixed_split_runs_a_layer_on_either_side(seed: int) -> None:
    problem = random_problem(seed, layers=5)
    for way in chart(problem).fixed_splits(LINKS).values():
        assert way.plan is not None
        on_edge = len(parse_cut(problem.graph, way.plan.cut_key).layers)
        assert 0 < on_edge < len(problem.graph.layers)


@pytest.mark.parametrize("seed", range(4))
def test_plain_ways_are_all_on_one_side(seed: int) -> None:
    problem = random_problem(seed, layers=5)
    plain = chart(problem).plain(LINKS[0])
    assert {"edge", "cloud-raw"} <= plain.keys()
    assert plain["edge"].plan is not None
    assert not plain["edge"].plan.boundary
    assert plain["cloud-raw"] == Way("cloud-raw")


def test_the_jpeg_is_one_that_keeps_the_promise() -> None:
    problem = next(p for p in map(random_problem, range(20)) if len(p.graph.inputs) == 1)
    quick = InputEncoding("jpeg-60", 1e3, 0.9, 0.0, 0.0)
    good = InputEncoding("jpeg-90", 4e3, 0.0, 0.0, 0.0)
    plain = chart(replace(problem, encodings=(quick, good))).plain(LINKS[0])
    assert plain["cloud-jpeg"].plan is not None
    (code,) = plain["cloud-jpeg"].plan.wire.values()
    assert code.codec == "jpeg-90"
    assert "cloud-jpeg" not in chart(problem).plain(LINKS[0])


def test_few_fixed_splits_of_many_are_evenly_spread() -> None:
    splits = next(c.splits for c in (chart(random_problem(seed, layers=8)) for seed in range(20)) if c.splits)
    every = split_ways(splits, LINKS, 100)
    assert len(split_ways(splits, LINKS, 1)) == 1
    assert split_ways(splits, LINKS, 2).items() <= every.items()


def test_ways_of_equal_bits_are_one_run() -> None:
    plan = plan_table(random_problem(3)).plans[0]
    other = replace(plan, wire={name: TensorCode(16) for name in plan.boundary}, latency=plan.latency)
    assert held_to(plan).run == held_to(replace(plan, error=plan.error)).run
    assert held_to(plan).run != Way("cloud-raw").run
    assert held_to(other).run != held_to(plan).run or not plan.boundary
