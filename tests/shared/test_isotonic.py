"""The monotone fit: monotone, the same where nothing falls, and no monotone sequence is nearer."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.isotonic import isotonic


@given(st.lists(st.floats(0, 1e3), max_size=30))
def test_never_falls_and_keeps_the_sum(values: list[float]) -> None:
    fitted = isotonic(values)
    assert all(before <= after + 1e-9 for before, after in itertools.pairwise(fitted))
    assert sum(fitted) == pytest.approx(sum(values), abs=1e-6)


@given(st.lists(st.floats(0, 1e3), max_size=30))
def test_leaves_what_already_grows(values: list[float]) -> None:
    assert isotonic(sorted(values)) == pytest.approx(sorted(values))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_no_monotone_sequence_is_nearer(values: list[int]) -> None:
    grid = [step / 6 for step in range(19)]
    ways = itertools.combinations_with_replacement(grid, len(values))
    best = min(sum((a - b) ** 2 for a, b in zip(values, way, strict=True)) for way in ways)
    ours = sum((a - b) ** 2 for a, b in zip(values, isotonic(values), strict=True))
    assert ours <= best + 1e-9
