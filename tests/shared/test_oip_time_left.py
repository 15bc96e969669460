"""The header with the seconds that are left."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.errors import InputError
from evosplit.shared.oip import TIME_LEFT, time_left_header, time_left_s


@given(st.floats(0, 1e6))
def test_it_arrives_to_the_tenth_of_a_millisecond(left_s: float) -> None:
    assert abs(time_left_s(time_left_header(left_s)[TIME_LEFT]) - left_s) <= 1e-4


def test_without_one_there_is_time() -> None:
    assert time_left_s(None) == math.inf
    assert time_left_s(time_left_header(-1.0)[TIME_LEFT]) == 0.0


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "1 s"])
def test_what_is_no_number_of_seconds(text: str) -> None:
    with pytest.raises(InputError, match=TIME_LEFT):
        time_left_s(text)
