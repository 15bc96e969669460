"""The link estimator on simulated shaped links: exact without noise, quick on a change, calm under jitter."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.estimator import update
from evosplit.shared.link import Link, LinkEstimate, Observation, Ping

HEADER_BYTES = 300


def request(size_bytes: int, bandwidth_bps: float, rtt_s: float, jitter_s: float = 0.0) -> Observation:
    sent = size_bytes + HEADER_BYTES
    return Observation(sent, rtt_s + 8 * sent / bandwidth_bps + jitter_s)


def learn(observations: Iterable[Observation], start: LinkEstimate | None = None) -> LinkEstimate:
    estimate = start or LinkEstimate()
    for observation in observations:
        estimate = update(estimate, observation)
    return estimate


def settled(bandwidth_bps: float, rtt_s: float, size_bytes: int = 40_000) -> LinkEstimate:
    pings = [request(0, bandwidth_bps, rtt_s)] * 3
    return learn([*pings, *[request(size_bytes, bandwidth_bps, rtt_s)] * 5, *pings])


@given(bandwidth_bps=st.floats(1e5, 5e7), rtt_s=st.floats(0.001, 0.2))
def test_without_noise_the_estimate_is_close(bandwidth_bps: float, rtt_s: float) -> None:
    estimate = learn([request(0, bandwidth_bps, rtt_s), *[request(200_000, bandwidth_bps, rtt_s)] * 3] * 3)
    assert estimate.bandwidth_bps == pytest.approx(bandwidth_bps, rel=0.15)
    assert estimate.rtt_s is not None
    assert rtt_s * 0.99 <= estimate.rtt_s <= rtt_s + 8 * HEADER_BYTES / bandwidth_bps


@pytest.mark.parametrize("factor", [5, 1 / 5, 25, 1 / 25])
@pytest.mark.parametrize("before_bps", [5e6, 1e6])
def test_a_change_is_followed_within_two_frames(before_bps: float, factor: float) -> None:
    after_bps = before_bps * factor
    changed = learn([request(40_000, after_bps, 0.02)] * 2, settled(before_bps, 0.02))
    assert changed.bandwidth_bps == pytest.approx(after_bps, rel=0.25)


def test_one_outlier_changes_nothing() -> None:
    before = settled(5e6, 0.02)
    slow = request(40_000, 5e6, 0.02, jitter_s=0.5)
    after = learn([slow, request(40_000, 5e6, 0.02)], before)
    assert after.bandwidth_bps == pytest.approx(before.bandwidth_bps, rel=0.02)


@pytest.mark.parametrize("bandwidth_bps", [2e5, 1e6, 5e6, 2e7])
@pytest.mark.parametrize("size_bytes", [5_000, 20_000, 150_000])
def test_jitter_keeps_the_estimate_in_a_band(bandwidth_bps: float, size_bytes: int) -> None:
    rng = np.random.default_rng(7)
    estimate, seen = LinkEstimate(), []
    for index in range(300):
        jitter_s = float(rng.exponential(1e-3) + (0.1 if rng.random() < 0.02 else 0.0))
        size = 0 if index % 10 == 0 else size_bytes
        estimate = update(estimate, request(size, bandwidth_bps, 0.02, jitter_s))
        seen.append(estimate.bandwidth_bps or bandwidth_bps)
    ratio = np.array(seen[20:]) / bandwidth_bps
    assert ratio.min() > 0.5
    assert ratio.max() < 1.6


def test_a_given_up_request_lowers_the_estimate_at_once() -> None:
    gave_up = Observation(150_000, 2.0, completed=False)
    assert learn([gave_up], settled(2e7, 0.02)).bandwidth_bps == pytest.approx(8 * 150_000 / 2.0)
    assert learn([gave_up], settled(2e5, 0.02)).bandwidth_bps == settled(2e5, 0.02).bandwidth_bps


def test_a_given_up_ping_says_nothing_about_bandwidth() -> None:
    before = settled(1e6, 0.02)
    assert update(before, Observation(300, 5.0, completed=False)) == before


def test_sharing_the_link_does_not_lower_the_estimate() -> None:
    alone = request(40_000, 5e6, 0.0)
    beside = Observation(alone.size_bytes, 2 * alone.seconds, share=0.5)
    estimate = learn([alone, beside, beside, beside])
    assert estimate.bandwidth_bps == pytest.approx(5e6)


def test_a_transfer_lost_in_jitter_only_raises() -> None:
    fast = Observation(2_000, 0.0201)
    raised = learn([fast, fast], settled(1e6, 0.02))
    assert raised.bandwidth_bps is not None
    assert raised.bandwidth_bps > 5e6
    quick = settled(1e8, 0.02, size_bytes=1_000_000)
    assert learn([fast, fast], quick).bandwidth_bps == quick.bandwidth_bps


def test_a_round_trip_that_grew_is_learnt_from_pings() -> None:
    grown = learn([request(0, 1e7, 0.1)] * 5, settled(1e7, 0.02))
    assert grown.rtt_s == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(("before_bps", "after_bps"), [(2e5, 2e7), (2e7, 2e5)])
def test_a_change_of_bandwidth_leaves_the_round_trip_alone(before_bps: float, after_bps: float) -> None:
    estimate = settled(before_bps, 0.01)
    for size in (0, 5_000, 0, 5_000, 0, 20_000, 20_000, 20_000):
        estimate = update(estimate, request(size, after_bps, 0.01))
    assert estimate.rtt_s == pytest.approx(0.01, rel=0.15)
    assert estimate.bandwidth_bps == pytest.approx(after_bps, rel=0.25)


def test_what_was_never_seen_is_filled() -> None:
    assert LinkEstimate().link(Link(1e7, 0.02)) == Link(1e7, 0.02)
    known = dataclasses.replace(LinkEstimate(), bandwidth_bps=1e6, pings=(Ping(0, 0.1),))
    assert known.link(Link(1e7, 0.02)) == Link(1e6, 0.1)


@given(
    st.lists(
        st.builds(
            Observation,
            size_bytes=st.integers(0, 10**7),
            seconds=st.floats(0, 60),
            share=st.floats(0.01, 1),
            completed=st.booleans(),
        ),
        max_size=30,
    )
)
def test_any_history_leaves_a_usable_estimate(history: list[Observation]) -> None:
    estimate = learn(history)
    link = estimate.link(Link(1e7, 0.02))
    assert 0 < link.bandwidth_bps <= 1e13
    assert 0 <= link.rtt_s <= 60


def frame(size_bytes: int, bandwidth_bps: float, rtt_s: float, overhead_s: float) -> Observation:
    plain = request(size_bytes, bandwidth_bps, rtt_s, overhead_s)
    return dataclasses.replace(plain, is_frame=True)


@given(
    bandwidth_bps=st.floats(5e5, 5e7),
    rtt_s=st.floats(0.002, 0.1),
    overhead_s=st.floats(0.0, 0.1),
    size_bytes=st.integers(2_000, 100_000),
)
def test_a_frames_request_is_predicted_with_what_it_takes_beside_its_bytes(
    bandwidth_bps: float, rtt_s: float, overhead_s: float, size_bytes: int
) -> None:
    one = frame(size_bytes, bandwidth_bps, rtt_s, overhead_s)
    probes = [request(0, bandwidth_bps, rtt_s), *[request(200_000, bandwidth_bps, rtt_s)] * 3]
    estimate = learn([*probes, *probes, *[one] * 12])
    predicted_s = estimate.link(Link(1.0)).uplink_s(one.size_bytes)
    assert predicted_s == pytest.approx(one.seconds, rel=0.15, abs=2e-3)
    assert estimate.bandwidth_bps == pytest.approx(bandwidth_bps, rel=0.25)


def test_frames_without_probes_teach_the_bandwidth_alone() -> None:
    estimate = learn([request(0, 5e6, 0.02), *[frame(40_000, 5e6, 0.02, 0.0)] * 4])
    assert estimate.overhead_s == 0.0
    assert estimate.bandwidth_bps == pytest.approx(5e6, rel=0.1)


def test_a_slower_link_is_not_taken_for_overhead() -> None:
    probes = [request(0, 2e7, 0.02), *[request(200_000, 2e7, 0.02)] * 3]
    known = learn([*probes, *[frame(40_000, 2e7, 0.02, 0.01)] * 9])
    slower = learn([frame(40_000, 2e6, 0.02, 0.01)] * 3, known)
    assert slower.bandwidth_bps == pytest.approx(2e6, rel=0.3)
    assert slower.overhead_s == pytest.approx(0.01, abs=2e-3)


@pytest.mark.parametrize("bandwidth_bps", [8e6, 32e6])
def test_small_frames_with_jitter_leave_the_bandwidth_where_probes_saw_it(bandwidth_bps: float) -> None:
    rng = np.random.default_rng(1)
    estimate = LinkEstimate()
    for _ in range(8):
        probes = [request(0, bandwidth_bps, 0.02), request(200_000, bandwidth_bps, 0.02)]
        late = [frame(1_500, bandwidth_bps, 0.02, 0.005 + rng.exponential(2e-3)) for _ in range(8)]
        estimate = learn([*probes, *late], estimate)
    assert estimate.bandwidth_bps == pytest.approx(bandwidth_bps, rel=0.3)
    assert estimate.overhead_s == pytest.approx(0.006, abs=2.5e-3)
