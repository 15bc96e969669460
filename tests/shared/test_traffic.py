"""Traffic budgets: they last to the end of their period, and a tighter one never sends more."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.errors import UsageError
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.replan import choices, replan
from evosplit.shared.traffic import (
    Traffic,
    TrafficLimit,
    affordable,
    frame_bytes,
    left_bytes,
    parse_traffic,
    sent,
)

LINK = Link(1e6, 0.02)
SIZES = (0, 400, 3_000, 20_000)


def _plan(size: int) -> Plan:
    """The more it sends, the less it computes."""
    return Plan(
        model="net",
        model_sha256="0" * 64,
        cut_key=str(size),
        boundary=("x",) if size else (),
        weight_bits={},
        activation_bits={},
        wire={"x": TensorCode(8)} if size else {},
        latency=Latency(1.0 - size / 40_000, LINK.uplink_s(size), 0.01),
        link=LINK,
        wire_bytes=size,
        edge_memory_bytes=0,
        error=0.0,
    )


def _table(with_fallback: bool = True) -> PlanTable:
    plans = [_plan(size) for size in SIZES]
    fallback = plans[0] if with_fallback else None
    return PlanTable("net", "0" * 64, LINK.rtt_s, (), tuple(plans[0 if with_fallback else 1 :]), fallback)


@pytest.mark.parametrize(
    ("text", "limit"),
    [("500MB/month", TrafficLimit(500 * 10**6, 30 * 86400.0)), ("10kB/hour", TrafficLimit(10**4, 3600.0))],
)
def test_budgets_are_written_as_a_size_in_a_period(text: str, limit: TrafficLimit) -> None:
    assert parse_traffic(text) == limit


@pytest.mark.parametrize("text", ["500MB", "5/month", "0B/day", "1MB/year", ""])
def test_what_is_no_budget_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        parse_traffic(text)


def test_a_period_begins_anew() -> None:
    limit = TrafficLimit(1000, 3600.0)
    used = sent(Traffic(0.0), limit, 10.0, 700, is_frame=True)
    assert left_bytes(used, limit, 3599.0) == 300
    assert left_bytes(used, limit, 3600.0) == 1000
    again = sent(used, limit, 2 * 3600.0 + 5, 100, is_frame=True)
    assert (again.began_s, again.used_bytes) == (7200.0, 100)
    assert left_bytes(sent(used, limit, 20.0, 10**6, is_frame=False), limit, 21.0) == 0


def test_a_clock_that_is_put_back_gives_no_new_budget() -> None:
    limit = TrafficLimit(1000, 3600.0)
    used = sent(Traffic(1e9), limit, 1e9 + 10, 700, is_frame=True)
    assert left_bytes(used, limit, 0.0) == 300
    assert sent(used, limit, 0.0, 100, is_frame=True).used_bytes == 800


def test_too_few_frames_say_nothing() -> None:
    limit = TrafficLimit(1000, 3600.0)
    assert frame_bytes(sent(Traffic(0.0), limit, 1.0, 10, is_frame=True), limit, 1.0) == math.inf


@given(most=st.floats(0, 1e5), tighter=st.floats(0, 1), fallback=st.booleans(), index=st.integers(0, 3))
def test_a_tighter_budget_never_sends_more(most: float, tighter: float, fallback: bool, index: int) -> None:
    table = _table(fallback)
    current = _plan(SIZES[index])
    loose = affordable(table, most, current)
    tight = affordable(table, tighter * most, current)
    least = min(plan.wire_bytes for plan in choices(table))
    assert max(p.wire_bytes for p in choices(tight)) <= max(p.wire_bytes for p in choices(loose))
    assert all(plan.wire_bytes <= max(most, least) for plan in choices(loose))
    assert all(plan in choices(table) for plan in choices(loose))


@given(
    burst=st.integers(1, 20),
    limit_bytes=st.integers(10**4, 10**9),
    jitter=st.lists(st.floats(0.5, 1.5), min_size=5, max_size=5),
)
def test_a_period_keeps_to_its_budget_whatever_comes(
    burst: int, limit_bytes: int, jitter: list[float]
) -> None:
    """A device that plans by the budget, hour after hour, against the sum of what it sent."""
    limit, table = TrafficLimit(limit_bytes, 3600.0), _table()
    traffic, now_s, plan, total, period = Traffic(0.0), 0.0, None, 0, 0.0
    for step in range(60):
        now_s += 3600.0 / 25 * jitter[step % len(jitter)]
        if now_s // 3600.0 != period:
            total, period = 0, now_s // 3600.0
        plan = replan(affordable(table, frame_bytes(traffic, limit, now_s), plan), LINK, plan)
        for _ in range(burst):
            size = plan.wire_bytes if left_bytes(traffic, limit, now_s) else 0
            traffic = sent(traffic, limit, now_s, size, is_frame=True)
            total += size
        assert total <= limit_bytes + max(SIZES)


def test_a_generous_budget_changes_nothing() -> None:
    table = _table()
    assert affordable(table, math.inf, None) is table
    assert dataclasses.asdict(affordable(table, 1e6, None)) == dataclasses.asdict(table)
