"""Lower envelopes of lines that are only asked about, and that the asking ends, whatever is answered."""

import itertools
import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.planner.lower_envelope import envelope, lowest

LOW, HIGH, TOLERANCE = 1e-9, 2e-5, 1e-8


@dataclass(frozen=True)
class Line:
    fixed_s: float
    bits: float

    def at(self, s: float) -> float:
        return self.fixed_s + self.bits * s


LINES = st.lists(st.builds(Line, st.floats(0, 1), st.integers(0, 10**7).map(float)), min_size=1, max_size=30)


@given(LINES)
def test_the_envelope_is_the_least_of_all_lines_everywhere(lines: list[Line]) -> None:
    asked = []

    def best(s: float) -> Line:
        asked.append(s)
        return min(lines, key=lambda line: (line.at(s), line.bits))

    found, crossings = envelope(best, LOW, HIGH, TOLERANCE)
    assert len(asked) <= 2 + len(lines) * (len(lines) - 1) / 2
    assert len(asked) == len(set(asked))
    for s in (*np.linspace(LOW, HIGH, 300), *crossings):
        row = sum(s >= crossing for crossing in crossings)
        assert found[row].at(s) == pytest.approx(min(line.at(s) for line in lines), abs=2 * TOLERANCE)


@given(LINES)
def test_no_line_of_an_envelope_is_without_width(lines: list[Line]) -> None:
    kept, crossings = lowest(lines, LOW, HIGH)
    places = [LOW, *crossings, HIGH]
    assert len(kept) == len(crossings) + 1
    assert all(start < end for start, end in itertools.pairwise(places))
    assert all(left.bits > right.bits for left, right in itertools.pairwise(kept))


def test_lines_through_one_point_give_no_empty_row() -> None:
    point_s, s = 1.0, 1e-6
    lines = [Line(point_s - bits * s, bits) for bits in (0, 1000, 2000, 3000)]
    found, crossings = envelope(lambda at: min(lines, key=lambda line: line.at(at)), LOW, HIGH, TOLERANCE)
    assert [line.bits for line in found] == [3000, 0]
    assert crossings == [pytest.approx(s)]


@pytest.mark.parametrize("seed", range(20))
def test_it_ends_whatever_is_answered(seed: int) -> None:
    """Each answer is a little lower than all before it, with any slope, as long as values are positive."""
    rng, tolerance, steepest = random.Random(seed), 0.02, 4.0  # noqa: S311
    low, high = 0.25, 0.5
    known: list[Line] = []

    def best(s: float) -> Line:
        value = max(min((line.at(s) for line in known), default=1.0) - 1.01 * tolerance, 0.0)
        bits = rng.uniform(0, min(steepest, value / s))
        known.append(Line(value - bits * s, bits))
        return known[-1]

    found, crossings = envelope(best, low, high, tolerance)
    area = (1.0 + steepest * (high - low)) * (high - low)
    most = 1 + area / min(tolerance**2 / (2 * steepest), tolerance * (high - low) / 2)
    assert len(set(known)) <= most + len(crossings) + 1
    assert min(line.at(s) for line in found for s in (low, high)) >= 0.0
