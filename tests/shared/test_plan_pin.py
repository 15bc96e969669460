"""The plan pin as a rule: it narrows the choice, never empties it, and counts for less than limits do."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queue_play import ALONE, CLOUD, LINK, SPLIT, plan_of, table_of

from evosplit.shared.correction.corrections import corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.errors import UsageError
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.plan_pin import Pin, held_to, pinned_cut, pinned_plan
from evosplit.shared.plan_rule import PlanRule
from evosplit.shared.replan import choices
from evosplit.shared.situation import CloudNow, Situation

COARSE = dataclasses.replace(SPLIT, wire_bytes=500)
EARLY = plan_of("1", 0.005, 0.030, 9_000)
TABLE = table_of([EARLY, SPLIT, COARSE], ALONE)
PLANS = choices(TABLE)


def _wanted(table: PlanTable, pin: Pin | None, frame_bytes: float | None = None) -> str:
    rule = PlanRule(table, Course(corrections_of(choices(table))))
    return rule.wanted(Situation((CloudNow(CLOUD, LINK),), frame_bytes, pin=pin)).digest


@given(st.sets(st.integers(0, 3), min_size=1), st.integers(0, 3), st.booleans())
def test_the_table_is_narrowed_as_a_search_by_hand_says(left: set[int], pinned: int, by_cut: bool) -> None:
    there, plan = [PLANS[index] for index in sorted(left)], PLANS[pinned]
    table = dataclasses.replace(TABLE, plans=tuple(there[0 in left :]), fallback=ALONE if 0 in left else None)
    pin = Pin(plan.cut_key, None if by_cut else plan.digest)
    same_cut = [each for each in there if each.cut_key == plan.cut_key]
    wanted = [plan] if pinned in left and not by_cut else same_cut or there
    assert list(choices(held_to(table, pin))) == wanted


@pytest.mark.parametrize("plan", PLANS)
def test_a_pinned_plan_is_wanted_however_slow_it_is(plan: Plan) -> None:
    digest = plan.digest
    assert _wanted(TABLE, pinned_plan(PLANS, digest[:12])) == digest


def test_what_the_traffic_leaves_comes_before_the_pin() -> None:
    pin = pinned_plan(PLANS, SPLIT.digest)
    assert _wanted(TABLE, pin, frame_bytes=1_000) == COARSE.digest
    assert _wanted(TABLE, pin, frame_bytes=100) == ALONE.digest


def test_names_that_fit_no_plan_or_too_many_are_refused() -> None:
    for digits in ("", "zzzz", SPLIT.digest + "0"):
        with pytest.raises(UsageError):
            pinned_plan(PLANS, digits)
    with pytest.raises(UsageError, match="77"):
        pinned_cut(PLANS, "77")
    assert pinned_cut(PLANS, "3") == Pin("3")
