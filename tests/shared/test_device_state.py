"""Heat, clock and load as a rule: what they say of the edge's pace, and what is chosen when energy counts."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from queue_play import ALONE, CLOUD, LINK, SPLIT, TABLE, plan_of, table_of

from evosplit.shared.correction.corrections import Measured, corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.device_state import SLOWEST, UNKNOWN_DEVICE, DeviceState, after
from evosplit.shared.edge_pace import EdgePace
from evosplit.shared.frugal import energy_j, frugal
from evosplit.shared.link import Link
from evosplit.shared.plan_rule import PlanRule
from evosplit.shared.replan import choices
from evosplit.shared.situation import CloudNow, Situation

# Alone a little faster than with the cloud, at four times the work of the edge.
QUICK = plan_of("9", 0.044, 0.0, 0)
PAIR = table_of([SPLIT], QUICK)


def _situation(device: DeviceState = UNKNOWN_DEVICE, **more: object) -> Situation:
    return dataclasses.replace(Situation((CloudNow(CLOUD, LINK),), device=device), **more)


def _rule(learnt: int = 0) -> PlanRule:
    rule = PlanRule(PAIR, Course(corrections_of(choices(PAIR))))
    rule = rule.paced(_situation()).using(QUICK)
    for _ in range(learnt):
        rule = rule.learn(Measured(QUICK.digest, edge_s=QUICK.latency.edge_s))
    return rule


@pytest.mark.parametrize(
    ("state", "slowdown"),
    [
        (UNKNOWN_DEVICE, 1.0),
        (DeviceState(clock_share=0.5), 2.0),
        (DeviceState(stalled_share=0.6), 2.0),
        (DeviceState(stalled_share=0.05, load=9.0), 1.0),
        (DeviceState(load=2.1), 2.0),
        (DeviceState(clock_share=0.01, stalled_share=1.0), SLOWEST),
    ],
)
def test_readings_as_a_slowdown(state: DeviceState, slowdown: float) -> None:
    assert state.slowdown == pytest.approx(slowdown)


def test_a_device_stays_hot_until_it_is_clearly_cooler() -> None:
    state, hot = UNKNOWN_DEVICE, []
    for temperature_c in (70.0, 84.0, 80.0, 78.5, 76.0, 80.0):
        state = after(state, DeviceState(temperature_c, 85.0))
        hot.append(state.is_hot)
    assert hot == [False, True, True, True, False, False]
    assert not after(state, DeviceState(99.0, None)).is_hot


def test_readings_count_from_when_frames_last_told() -> None:
    pace = EdgePace().read(1.0)
    assert pace.factor == 1.0
    assert pace.read(1.1).factor == 1.0  # noise
    slow = pace.read(2.0)
    assert slow.factor == 2.0
    for _ in range(40):  # frames go by the edge: they tell of the slowness themselves
        slow = slow.measured()
    assert slow.factor == 1.0
    assert slow.read(1.0).factor == pytest.approx(0.5, rel=0.01)
    assert EdgePace().read(3.0).factor == 1.0


def test_a_throttled_edge_leaves_work_to_the_cloud_before_a_frame_has_told() -> None:
    rule = _rule()
    assert rule.wanted(_situation()) is QUICK
    throttled = _situation(DeviceState(clock_share=0.5))
    assert rule.paced(throttled).wanted(throttled) is SPLIT


def test_slowness_is_not_counted_twice() -> None:
    """Measured frames and the reading say the same: together they make one factor of two."""
    throttled = _situation(DeviceState(clock_share=0.5))
    rule = _rule(20).paced(throttled)
    for _ in range(60):
        rule = rule.learn(Measured(QUICK.digest, edge_s=2 * QUICK.latency.edge_s))
    assert rule.priced(throttled)(QUICK) == pytest.approx(2 * QUICK.latency.edge_s, rel=0.1)


def test_on_battery_the_least_energy_that_is_fast_enough() -> None:
    rule = _rule()
    assert rule.wanted(_situation(is_frugal=True)) is SPLIT
    assert rule.wanted(_situation(is_frugal=True, max_latency_s=0.036)) is QUICK  # it alone comes near that
    assert rule.wanted(_situation(is_frugal=True, max_latency_s=0.5)) is SPLIT


def test_a_frugal_choice_holds_while_the_link_wavers() -> None:
    rule, used = _rule(), []
    for turn in range(40):
        link = Link(LINK.bandwidth_bps, 0.010 + 0.004 * (turn % 2))
        situation = dataclasses.replace(_situation(is_frugal=True), clouds=(CloudNow(CLOUD, link),))
        wanted = rule.wanted(situation)
        if wanted is not rule.current:
            rule = rule.using(wanted)
        used.append(wanted)
    assert sum(one is not other for one, other in itertools.pairwise(used)) <= 1


def test_energy_is_work_and_bytes() -> None:
    priced = Course(corrections_of(choices(TABLE))).priced(LINK)
    assert energy_j(ALONE, priced) > energy_j(SPLIT, priced) > 0
    far = Course(corrections_of(choices(TABLE))).priced(Link(1e4, 0.01))
    assert energy_j(SPLIT, far) > energy_j(SPLIT, priced)
    assert frugal(TABLE, priced, None, 1e-9) is TABLE  # nothing is fast enough: the fastest serves
