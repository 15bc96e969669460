"""Batches of measured sizes: the least time, against all ways to cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from evosplit.cloud.batching.batch_sizes import ALONE, SIZES, UNMEASURED, BatchTimes, measure_times

TIMES = st.dictionaries(st.sampled_from(SIZES[1:]), st.floats(0.1, 50.0)).map(lambda made: {1: 1.0, **made})


@given(TIMES, st.integers(1, 12))
def test_the_least_time_of_all_ways(seconds: dict[int, float], count: int) -> None:
    ways = (
        sum(seconds[size] for size in sizes)
        for length in range(1, count + 1)
        for sizes in itertools.combinations_with_replacement(sorted(seconds), length)
        if sum(sizes) >= count
    )
    cut = BatchTimes(seconds).cut(count)
    assert sum(cut) >= count
    assert sum(cut[:-1]) < count
    assert abs(sum(seconds[size] for size in cut) - min(ways)) < 1e-9


def test_nothing_is_padded_before_it_is_measured() -> None:
    assert [UNMEASURED.cut(count) for count in (1, 3, 7, 17)] == [(1,), (2, 1), (4, 2, 1), (16, 1)]
    assert ALONE.cut(3) == (1, 1, 1)
    assert ALONE.cut(0) == ()


def test_sizes_that_do_not_pay_are_left_out() -> None:
    now_s = 0.0
    taken_s = {1: 1.0, 2: 1.5, 4: 3.5, 8: 5.0, 16: 10.5}

    def run(size: int) -> None:
        nonlocal now_s
        now_s += taken_s[size]

    times = measure_times(run, limit_s=1000.0, clock=lambda: now_s)
    assert dict(times.seconds) == {1: 1.0, 2: 1.5, 8: 5.0}
    assert times.cut(7) == (8,)


def test_measuring_ends_in_time() -> None:
    now_s = 0.0

    def run(size: int) -> None:
        nonlocal now_s
        now_s += 0.5 * size

    times = measure_times(run, limit_s=1.0, clock=lambda: now_s)
    assert set(times.seconds) == {1}
