"""Lost segments: how often, what they cost, and that equal seeds lose the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.cli.segment_loss import SEGMENT_BYTES, Retransmission, SegmentLoss, check_loss
from evosplit.shared.errors import UsageError

RTT_S = 0.1


@given(st.integers(0, 10**6), st.booleans())
def test_a_clean_line_loses_nothing(size_bytes: int, is_last: bool) -> None:
    assert SegmentLoss(0).draw(size_bytes, 0.0, RTT_S, is_last) == Retransmission()


@given(st.integers(0, 2**32), st.integers(1, 50_000), st.floats(0, 0.9), st.booleans())
def test_equal_seeds_lose_the_same(seed: int, size_bytes: int, share: float, is_last: bool) -> None:
    these, those = (SegmentLoss(seed).draw(size_bytes, share, RTT_S, is_last) for _ in range(2))
    assert these == those


def test_a_gap_takes_one_round_trip_and_two_where_nothing_follows() -> None:
    for is_last, least in ((False, 1), (True, 2)):
        loss = SegmentLoss(1)
        drawn = [loss.draw(SEGMENT_BYTES, 0.02, RTT_S, is_last) for _ in range(20_000)]
        waits = {round(each.delay_s / RTT_S) for each in drawn if each.size_bytes == SEGMENT_BYTES}
        assert waits == {least}
        again = {round(each.delay_s / RTT_S) for each in drawn if each.size_bytes == 2 * SEGMENT_BYTES}
        assert again == {least + 2}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_as_many_segments_are_sent_again_as_are_lost(share: float) -> None:
    """Of n segments n share/(1 - share) go again: those lost, and those lost of them."""
    loss, pieces = SegmentLoss(2), 4000
    sent_again = sum(loss.draw(10 * SEGMENT_BYTES, share, RTT_S, False).size_bytes for _ in range(pieces))
    expected = 10 * pieces * share / (1 - share)
    np.testing.assert_allclose(sent_again / SEGMENT_BYTES, expected, rtol=0.1)


def test_a_part_of_a_segment_is_sent_again_as_the_part_that_it_is() -> None:
    loss = SegmentLoss(3)
    drawn = {loss.draw(100, 0.3, RTT_S, True).size_bytes for _ in range(200)}
    assert {0, 100, 200} <= drawn


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_loss_is_a_share_below_one(share: float) -> None:
    with pytest.raises(UsageError, match="share"):
        check_loss(share)
