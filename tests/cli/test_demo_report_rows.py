"""Rows of the demo's report."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evosplit.cli.demo.report_rows import Row, TimedAnswer, comparisons, make_row, percentile, report


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=50), st.floats(0, 100))
def test_percentile_is_numpys(values: list[float], percent: float) -> None:
    assert np.isclose(percentile(values, percent), np.percentile(values, percent))


def test_a_row_summarises_its_shots() -> None:
    answers = [
        TimedAnswer(0.1, 100, True, "3", "cloud"),
        TimedAnswer(0.3, 300, False, "3", "cloud"),
        TimedAnswer(0.2, 200, True, "4", "cloud"),
    ]
    row = make_row(5e6, "planned", answers, 2)
    assert (row.cut, row.p50_s, row.wire_bytes, row.frames) == ("3", 0.2, 200, 3)
    assert np.isclose(row.accuracy, 2 / 3)


def row_of(bandwidth_bps: float, strategy: str, latency_s: float) -> Row:
    return make_row(bandwidth_bps, strategy, [TimedAnswer(latency_s, 0, True, "9", "edge")], 0)


def test_the_planned_way_is_compared_with_the_best_way_that_is_held_to() -> None:
    rows = [row_of(5e6, "planned", 0.11), row_of(5e6, "edge", 0.2), row_of(5e6, "cut:4", 0.1)]
    rows += [row_of(1e6, "cut:4", 0.4), row_of(1e6, "planned", 0.3)]
    fast, slow = comparisons(rows)
    assert (fast.bandwidth_bps, fast.best, round(fast.planned_to_best, 6)) == (5e6, "cut:4", 1.1)
    assert (slow.bandwidth_bps, slow.best, round(slow.planned_to_best, 6)) == (1e6, "cut:4", 0.75)


def test_the_report_has_one_entry_per_row() -> None:
    rows = [row_of(5e6, "planned", 0.1), row_of(5e6, "edge", 0.1)]
    data = report(rows, {"cores": 2}, 8.0)
    assert data["slowdown"] == 8.0
    assert [link["strategy"] for link in data["links"]] == ["planned", "edge"]
    assert data["planned_beside_best"][0]["planned_to_best"] == 1.0
