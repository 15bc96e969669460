from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.edge.memory.trim_rule import (
    GROWTH_BYTES,
    LEAST_REST_S,
    MOST_REST_S,
    PATIENCE_S,
    Reading,
    is_due,
)

TRIMMED = Reading(1000.0, 200 * 10**6, is_lull=True)


def after(rest_s: float, grown_bytes: int, is_lull: bool = True) -> Reading:
    return Reading(TRIMMED.at_s + rest_s, TRIMMED.resident_bytes + grown_bytes, is_lull)


@pytest.mark.parametrize(
    ("rest_s", "grown_bytes", "is_lull", "wanted"),
    [
        (LEAST_REST_S, GROWTH_BYTES, True, True),
        (LEAST_REST_S - 1, 10 * GROWTH_BYTES, True, False),
        (LEAST_REST_S, GROWTH_BYTES - 1, True, False),
        (LEAST_REST_S, GROWTH_BYTES, False, False),
        (PATIENCE_S, GROWTH_BYTES, False, True),
        (PATIENCE_S, GROWTH_BYTES - 1, False, False),
        (MOST_REST_S, -GROWTH_BYTES, False, True),
    ],
)
def test_it_is_due_after_growth_between_frames_and_not_often(
    rest_s: float, grown_bytes: int, is_lull: bool, wanted: bool
) -> None:
    assert is_due(after(rest_s, grown_bytes, is_lull), TRIMMED) is wanted


@given(
    st.lists(st.tuples(st.floats(0.1, 700), st.integers(-50 * 10**6, 50 * 10**6), st.booleans()), max_size=50)
)
def test_whatever_the_readings_it_comes_at_most_once_a_minute(
    course: list[tuple[float, int, bool]],
) -> None:
    trimmed, now_s = TRIMMED, TRIMMED.at_s
    for passed_s, grown_bytes, is_lull in course:
        now_s += passed_s
        now = Reading(now_s, max(0, trimmed.resident_bytes + grown_bytes), is_lull)
        if is_due(now, trimmed):
            assert now.at_s - trimmed.at_s >= LEAST_REST_S
            trimmed = now
        else:
            assert now.at_s - trimmed.at_s < MOST_REST_S
