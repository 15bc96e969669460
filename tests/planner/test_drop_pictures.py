"""Pictures judged by themselves: those that hold are offered whatever the error limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evosplit.planner.accuracy_promise import Promise
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.pictures import admitted, picture_plan, table_with_errors
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.service import kept_plans
from evosplit.planner.table import plan_table
from evosplit.shared.plan import Plan
from tests.planner.graphs import random_problem

WAYS = (InputEncoding("jpeg-90", 40.0, 0.2, 1e-5, 1e-5), InputEncoding("jpeg-50", 10.0, 0.4, 1e-5, 1e-5))


@pytest.fixture
def problem() -> Problem:
    for seed in range(50):
        found = random_problem(seed, layers=4, max_error=1e-3)
        if len(found.graph.inputs) == 1:
            slow = replace(found.edge, layer_s=(1.0,) * 4, head_s={}, tail_s={}, prepare_s=0.5)
            return replace(found, edge=slow, encodings=WAYS, limits=Limits(max_error=1e-3))
    raise AssertionError


def judge(plan: Plan, max_drop: float) -> Drop:
    """As if JPEG at 50 lost all answers, and nothing else any."""
    lost = float(any(code.codec == "jpeg-50" for code in plan.wire.values()))
    return Drop(10, 1.0, lost, lost, lost, lost)


def test_what_holds_is_offered_whatever_its_error(problem: Problem) -> None:
    assert [one.name for one in admitted(problem, judge, 0.01).encodings] == ["jpeg-90"]
    assert picture_plan(problem, "jpeg-50").error == pytest.approx(0.4)
    assert not any("jpeg" in str(plan.wire) for plan in plan_table(problem).plans)
    table = table_with_errors(plan_table(admitted(problem, judge, 0.01)), problem)
    sent = [plan for plan in table.plans if "jpeg" in str(plan.wire)]
    assert sent
    assert {plan.error for plan in sent} == {0.2}


def test_the_service_judges_pictures_too(problem: Problem) -> None:
    table, kept = kept_plans(problem, Promise(0.01), judge)
    assert kept.is_shown
    codecs = {code.codec for plan in table.plans for code in plan.wire.values()}
    assert "jpeg-90" in codecs
    assert "jpeg-50" not in codecs
