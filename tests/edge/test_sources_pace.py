"""Pace of a source against a slow oracle: which pictures are taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evosplit.edge.sources.pace import Pace


def _taken(pace: Pace, times_s: list[float]) -> list[int]:
    taken = []
    for number, now_s in enumerate(times_s):
        is_taken, pace = pace.take(number, now_s)
        if is_taken:
            taken.append(number)
    return taken


@given(st.integers(1, 7), st.integers(0, 40))
def test_each_nth(every: int, count: int) -> None:
    assert _taken(Pace(every), [0.0] * count) == list(range(0, count, every))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.5, 20))
def test_never_more_than_the_rate(gaps_s: list[float], rate: float) -> None:
    """Over any stretch, at most its length times the rate, and the one that begins it, and one for jitter."""
    times_s, now_s = [], 100.0
    for gap_s in gaps_s:
        now_s += gap_s
        times_s.append(now_s)
    taken_s = [times_s[number] for number in _taken(Pace(1, rate), times_s)]
    for first in range(len(taken_s)):
        for last in range(first, len(taken_s)):
            assert last - first + 1 <= (taken_s[last] - taken_s[first]) * rate + 2.2


@given(st.floats(5, 60), st.lists(st.floats(-0.2, 0.2), min_size=200, max_size=200))
def test_jitter_does_not_lower_the_rate(camera_rate: float, jitter: list[float]) -> None:
    """A camera asked for half of its pictures gives about half, however unevenly they come."""
    times_s = [(number + shift) / camera_rate for number, shift in enumerate(jitter)]
    taken = _taken(Pace(1, camera_rate / 2), times_s)
    assert 95 <= len(taken) <= 105


def test_a_pause_is_not_made_up_for() -> None:
    times_s = [0.0, *(100 + number / 10 for number in range(20))]
    assert _taken(Pace(1, 1.0), times_s) == [0, 1, 11]
