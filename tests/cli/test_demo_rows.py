"""Rows of the demo's report."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.rows import Shot, make_row, percentile, report


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=50), st.floats(0, 100))
def test_percentile_is_numpys(values: list[float], percent: float) -> None:
    assert np.isclose(percentile(values, percent), np.percentile(values, percent))


def test_a_row_summarises_its_shots() -> None:
    shots = [
        Shot(0.1, 100, True, "3", "cloud"),
        Shot(0.3, 300, False, "3", "cloud"),
        Shot(0.2, 200, True, "4", "cloud"),
    ]
    row = make_row(5e6, "planned", shots, 2)
    assert (row.cut, row.p50_s, row.wire_bytes, row.frames) == ("3", 0.2, 200, 3)
    assert np.isclose(row.accuracy, 2 / 3)


def test_the_report_has_one_entry_per_row() -> None:
    row = make_row(5e6, "edge", [Shot(0.1, 0, True, "9", "edge")], 0)
    data = report([row], {"cores": 2}, 8.0)
    assert data["slowdown"] == 8.0
    assert data["links"][0]["strategy"] == "edge"
