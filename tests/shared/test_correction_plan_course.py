"""Frames go by nearly the best plan, though the profile is wrong; tries keep to their budget."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import random

import loop_play
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.shared.correction.corrections import corrections_of
from evosplit.shared.correction.exploration import LOSS, Tries
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.plan import Plan
from evosplit.shared.replan import choices, fastest, replan

FRAMES = 1000


@functools.cache
def _world(seed: int) -> loop_play.World:
    return loop_play.world(seed)


def _stage(seed: int, **device: object) -> tuple[loop_play.World, loop_play.Device, loop_play.Link]:
    here, rng = _world(seed % 6), random.Random(seed)  # noqa: S311
    link = loop_play.contested(here, rng)
    return here, loop_play.Device(here, link, rng, **device), link  # type: ignore[arg-type]


def _changing(kind: str, end: loop_play.Factors) -> dict[str, object]:
    if kind == "steady":
        return {}
    if kind == "at once":
        return {"factors": lambda frame: end if frame >= FRAMES // 2 else (1.0, 1.0, 1.0)}
    share = functools.partial(min, 1.0)
    return {"factors": lambda frame: tuple(1 + (one - 1) * share(frame / 400) for one in end)}


_FACTOR = st.floats(0.5, 2.0)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["steady", "at once", "slowly"]),
    st.tuples(_FACTOR, _FACTOR, _FACTOR),
    st.just(1.0) | st.floats(0.3, 1.0),
)
def test_a_wrong_profile_costs_at_most_a_twentieth(
    seed: int, kind: str, end: loop_play.Factors, share: float
) -> None:
    here, device, link = _stage(seed, share=share, **_changing(kind, end))
    used = loop_play.play(here, link, device, FRAMES)
    assert loop_play.regret(here, device, used) <= 0.05


def test_without_corrections_the_same_devices_lose_more() -> None:
    learnt, fixed = [], []
    for seed in range(12):
        for learns, found in ((True, learnt), (False, fixed)):
            here, device, link = _stage(seed)
            found.append(loop_play.regret(here, device, loop_play.play(here, link, device, 300, learns)))
    assert sum(learnt) < 0.5 * sum(fixed)


def test_what_deltas_spare_is_learnt() -> None:
    here, device, link = _stage(1, share=0.5, span=1.0)
    split = next(plan for plan in choices(here.table) if plan.boundary and plan.cut_key != "0")
    course = Course(corrections_of(choices(here.table)))
    whole_s = course.priced(link)(split)
    course = course.learn(device.shoot(split, 0))
    assert course.known.share.mean[0] == 0.0  # the first frame has nothing to be a delta to
    for frame in range(1, 100):
        course = course.learn(device.shoot(split, frame))
    spared_s = link.uplink_s(split.wire_bytes) - link.uplink_s(split.wire_bytes / 2)
    assert course.priced(link)(split) == pytest.approx(whole_s - spared_s, rel=0.1)


def test_what_deltas_spare_moves_on_to_plans_that_count_on_it() -> None:
    here, device, link = _stage(1, share=0.5, span=1.0)
    split = next(plan for plan in choices(here.table) if plan.boundary and plan.cut_key != "0")
    course = Course(corrections_of(choices(here.table)))
    for frame in range(100):
        course = course.learn(device.shoot(split, frame))
    counting = dataclasses.replace(split, wire_share=0.5)
    moved = course.under([counting])
    assert moved.priced(link)(counting) == pytest.approx(course.priced(link)(split), rel=0.05)
    assert moved.known.share.mean[0] == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_tries_keep_to_their_budget(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[int] = []
    before = Tries.spent

    def counted(tries: Tries, frame: int) -> Tries:
        spent.append(frame)
        return before(tries, frame)

    monkeypatch.setattr(Tries, "spent", counted)
    here, device, link = _stage(seed, noise=0.2)
    loop_play.play(here, link, device, 1500)
    assert spent
    for end in range(500, 1501):
        assert sum(end - 500 <= frame < end for frame in spent) <= 10


def test_an_exact_profile_is_left_alone() -> None:
    changes = 0
    for seed in range(6):
        here, device, link = _stage(seed, span=1.0)
        used = loop_play.play(here, link, device, 300)
        assert loop_play.regret(here, device, used) <= 0.02
        changes += _changes(used)
    assert changes <= 6 * 14  # tries there and back, and little else


def _changes(used: list[Plan]) -> int:
    return sum(one is not other for one, other in itertools.pairwise(used))


def test_a_plan_that_may_not_be_used_is_not_tried() -> None:
    here, device, link = _stage(3)
    course = Course(corrections_of(choices(here.table)))
    current = replan(here.table, link, None)
    for frame in range(200):
        priced = course.priced(link)
        course, plan = course.next_frame(priced, current, fastest(here.table, link, priced), lambda _: False)
        assert plan is current
        course = course.learn(device.shoot(plan, frame))


def test_nothing_is_tried_that_is_predicted_to_lose_more_than_its_share() -> None:
    for seed in range(8):
        here, device, link = _stage(seed)
        course, current = Course(corrections_of(choices(here.table))), replan(here.table, link, None)
        for frame in range(300):
            priced = course.priced(link)
            best = fastest(here.table, link, priced)
            began = not course.tries.left
            course, plan = course.next_frame(priced, current, best, lambda _: True)
            if plan is not current and began:
                assert priced(plan) <= (1 + LOSS) * priced(best)
            course = course.learn(device.shoot(plan, frame))


def test_what_is_known_moves_on_to_another_table() -> None:
    here, device, link = _stage(4)
    plans = choices(here.table)
    course = Course(corrections_of(plans))
    for frame in range(60):
        course = course.learn(device.shoot(plans[frame % len(plans)], frame))
    before = course.priced(link)
    # The same plans, recalculated for another link, and without one that was known.
    others = [dataclasses.replace(plan, link=link, error=plan.error + 1) for plan in plans[:-1]]
    after = course.under(others).priced(link)
    for old, new in zip(plans, others, strict=False):
        assert after(new) == pytest.approx(before(old), rel=0.05)


def test_a_plan_of_neither_table_is_corrected_by_its_neighbours() -> None:
    here, device, _ = _stage(4)
    plans = [plan for plan in choices(here.table) if plan.wire_bytes]
    course = Course(corrections_of(plans))
    slower = [dataclasses.replace(device.shoot(plan, 0), edge_s=2 * plan.latency.edge_s) for plan in plans]
    for _ in range(20):
        for seen in slower:
            course = course.learn(seen)
    deeper = dataclasses.replace(plans[-1], wire={})  # another way, of the same seconds
    known = course.under([deeper]).known
    assert known.tried == (0,)
    assert math.exp(float(known.edge.mean[0])) == pytest.approx(2.0, rel=0.2)


def test_whole_seconds_are_seconds_like_others() -> None:
    """A table without a cloud has zeros for it, which JSON writes without a point."""
    here = _world(0)
    alone = [plan for plan in choices(here.table) if not plan.wire_bytes]
    whole = [
        dataclasses.replace(plan, latency=dataclasses.replace(plan.latency, cloud_s=0)) for plan in alone
    ]
    assert whole
    terms = [corrections_of(plans).terms for plans in (whole, alone)]
    for named in ("edge_s", "cloud_s", "reach", "mean_cloud_s"):
        assert np.array_equal(getattr(terms[0], named), getattr(terms[1], named))
