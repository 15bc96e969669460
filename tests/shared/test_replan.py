"""The re-plan rule: optimal after a change, calm near a breakpoint, right about the round trip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.estimator import update
from evosplit.shared.link import Link, LinkEstimate, Observation, Ping
from evosplit.shared.plan import Latency, Plan, PlanTable
from evosplit.shared.replan import choices, replan

RTT_S = 0.02


def make_plan(key: str, edge_s: float, cloud_s: float, wire_bytes: int) -> Plan:
    link = Link(1e6, RTT_S)
    latency = Latency(edge_s, link.uplink_s(wire_bytes) if wire_bytes else 0.0, cloud_s)
    return Plan("net", "0" * 64, key, (), {}, {}, {}, latency, link, wire_bytes, 0, 0.0)


RAW = make_plan("0", 0.001, 0.010, 150_000)
MIDDLE = make_plan("4", 0.060, 0.006, 15_000)
ALONE = make_plan("9", 0.300, 0.0, 0)


def crossing_bps(slow: Plan, fast: Plan) -> float:
    def fixed_s(plan: Plan) -> float:
        return plan.latency.edge_s + plan.latency.cloud_s + (RTT_S if plan.wire_bytes else 0.0)

    return 8 * (fast.wire_bytes - slow.wire_bytes) / (fixed_s(slow) - fixed_s(fast))


BREAKPOINTS = (crossing_bps(ALONE, MIDDLE), crossing_bps(MIDDLE, RAW))
TABLE = PlanTable("net", "0" * 64, RTT_S, BREAKPOINTS, (ALONE, MIDDLE, RAW), ALONE)


@given(st.floats(5e4, 1e9))
def test_without_a_current_plan_it_is_the_tables_own(bandwidth_bps: float) -> None:
    chosen = replan(TABLE, Link(bandwidth_bps, RTT_S), None)
    best = TABLE.best(bandwidth_bps)
    link = Link(bandwidth_bps, RTT_S)
    assert chosen.latency_at(link).total_s == pytest.approx(best.latency_at(link).total_s)


@given(st.floats(5e4, 1e9), st.sampled_from([ALONE, MIDDLE, RAW]))
def test_what_is_kept_is_at_most_a_tenth_slower(bandwidth_bps: float, current: Plan) -> None:
    link = Link(bandwidth_bps, RTT_S)
    chosen_s = replan(TABLE, link, current).latency_at(link).total_s
    best_s = min(plan.latency_at(link).total_s for plan in choices(TABLE))
    assert chosen_s <= max(best_s / 0.9, best_s + 1e-3) + 1e-12


@given(st.floats(5e4, 1e9), st.sampled_from([None, ALONE, MIDDLE, RAW]))
def test_it_does_not_change_its_mind_on_the_same_link(bandwidth_bps: float, current: Plan | None) -> None:
    link = Link(bandwidth_bps, RTT_S)
    once = replan(TABLE, link, current)
    assert replan(TABLE, link, once) == once


def test_each_side_of_a_breakpoint_keeps_its_plan() -> None:
    near = Link(BREAKPOINTS[1] * 1.05, RTT_S)
    assert replan(TABLE, near, MIDDLE) == MIDDLE
    assert replan(TABLE, near, RAW) == RAW


def test_a_long_round_trip_favours_the_edge() -> None:
    assert replan(TABLE, Link(1e6, 0.02), MIDDLE) == MIDDLE
    assert replan(TABLE, Link(1e6, 0.5), MIDDLE) == ALONE


def test_a_plan_of_another_table_is_left() -> None:
    stranger = make_plan("5", 0.0, 0.0, 1)
    assert replan(TABLE, Link(1e9, RTT_S), stranger) == RAW


def test_a_jittery_link_at_a_breakpoint_does_not_flap() -> None:
    rng = np.random.default_rng(3)
    estimate, plan, changes = LinkEstimate(), None, 0
    for _ in range(500):
        size = 15_000
        seconds = RTT_S + 8 * size / BREAKPOINTS[1] + float(rng.exponential(2e-3))
        estimate = update(update(estimate, Observation(300, RTT_S)), Observation(size, seconds))
        chosen = replan(TABLE, estimate.link(Link(1e7, RTT_S)), plan)
        changes += plan is not None and chosen != plan
        plan = chosen
    assert changes <= 1


@pytest.mark.parametrize(("bandwidth_bps", "expected"), [(1e8, RAW), (1e6, MIDDLE), (1e5, ALONE)])
def test_a_step_of_the_link_changes_the_plan_within_three_frames(
    bandwidth_bps: float, expected: Plan
) -> None:
    for start_bps in (1e8, 1e6, 1e5):
        estimate = LinkEstimate(bandwidth_bps=start_bps, pings=(Ping(0, RTT_S),))
        plan = replan(TABLE, Link(start_bps, RTT_S), None)
        for _ in range(3):
            size = plan.wire_bytes or 16_000  # a plan that sends nothing is helped by probes
            estimate = update(estimate, Observation(size, RTT_S + 8 * size / bandwidth_bps))
            plan = replan(TABLE, estimate.link(Link(1e7, RTT_S)), plan)
        assert plan == expected
