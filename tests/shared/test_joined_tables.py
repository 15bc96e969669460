"""Tables of several clouds as one, and links and corrections by cloud."""

from __future__ import annotations

import dataclasses

import pytest
from queue_play import ALONE, LINK, SPLIT, plan_of, table_of

from evosplit.shared.correction.carry_over import carried, kept_of, recalled
from evosplit.shared.correction.corrections import Measured, corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.errors import BundleError, EvoSplitError
from evosplit.shared.joined_tables import joined
from evosplit.shared.link import Link, Links
from evosplit.shared.replan import choices, reachable, replan
from evosplit.shared.serial import from_json, to_json

NEAR, FAR = "http://near", "http://far"
TABLE = joined({NEAR: table_of([SPLIT, ALONE], ALONE), FAR: table_of([SPLIT, ALONE], None)})


def _split(cloud: str) -> int:
    return next(at for at, plan in enumerate(choices(TABLE)) if plan.cloud == cloud)


def test_the_table_of_an_only_cloud_stays_as_it_is() -> None:
    table = table_of([SPLIT], ALONE)
    assert joined({"": table}) is table


def test_plans_that_send_are_there_for_each_cloud_and_others_once() -> None:
    assert [(plan.cut_key, plan.cloud) for plan in TABLE.plans] == [("3", NEAR), ("9", ""), ("3", FAR)]
    assert TABLE.fallback == ALONE
    assert len({plan.digest for plan in TABLE.plans}) == 3
    assert {plan.without_cost for plan in TABLE.plans} == {SPLIT.without_cost, ALONE.without_cost}


def test_the_name_of_a_cloud_travels_and_its_absence_changes_no_digest() -> None:
    for plan in TABLE.plans:
        assert from_json(type(plan), to_json(plan), EvoSplitError) == plan
    assert b'cloud"' not in to_json(SPLIT)


def test_tables_of_two_networks_are_refused() -> None:
    other = dataclasses.replace(table_of([SPLIT], None), model_sha256="8" * 64)
    with pytest.raises(BundleError, match="different versions"):
        joined({NEAR: table_of([SPLIT], None), FAR: other})


def test_the_faster_way_chooses_the_cloud() -> None:
    for slow, used in ((FAR, NEAR), (NEAR, FAR)):
        links = Links(tuple((cloud, Link(1e8, 0.5 if cloud == slow else 0.01)) for cloud in (NEAR, FAR)))
        assert replan(TABLE, links, None).cloud == used


def test_plans_of_a_cloud_that_is_away_are_left_out_unless_all_are() -> None:
    assert {plan.cloud for plan in choices(reachable(TABLE, {NEAR}))} == {"", FAR}
    assert reachable(TABLE, {NEAR, FAR}) is TABLE
    assert reachable(TABLE, set()) is TABLE


def test_what_one_cloud_takes_says_nothing_of_the_other() -> None:
    plans = choices(TABLE)
    near, far = plans[_split(NEAR)], plans[_split(FAR)]
    links = Links(((NEAR, LINK), (FAR, LINK)))
    course = Course(corrections_of(plans))
    before = course.priced(links)
    assert before(near) == pytest.approx(before(far))
    for _ in range(30):
        slow = Measured(near.digest, edge_s=0.015, cloud_s=0.2, request_s=0.05, wire_bytes=SPLIT.wire_bytes)
        course = course.learn(slow)
    after = course.priced(links)
    assert after(near) > before(near) + 0.15
    assert after(far) == pytest.approx(before(far), rel=0.02)
    # It outlives a restart, another table and another order of the clouds.
    again = joined({FAR: table_of([SPLIT], None), NEAR: table_of([SPLIT], ALONE)})
    for known in (
        carried(course.known, choices(again)),
        recalled(corrections_of(choices(again)), kept_of(course.known, "")),
    ):
        prices = Course(known).priced(links)
        assert prices(near) == pytest.approx(after(near), rel=0.1)
        assert prices(far) == pytest.approx(before(far), rel=0.1)


def test_a_way_that_the_next_table_lacks_corrects_its_own_cloud_alone() -> None:
    deep = plan_of("5", 0.02, 0.018, 1000, NEAR)
    plans = (deep, *choices(TABLE))
    course = Course(corrections_of(plans))
    for _ in range(30):
        course = course.learn(Measured(deep.digest, edge_s=0.02, cloud_s=0.09))
    known = carried(course.known, choices(TABLE))
    near, far = (known.terms.index[choices(TABLE)[_split(cloud)].digest] for cloud in (NEAR, FAR))
    assert known.cloud.mean[near] > 0.5
    assert known.cloud.mean[far] == pytest.approx(0.0, abs=1e-9)
