"""Rows of the demo's report."""

from __future__ import annotations

import numpy as np
from demo_rows import INT8_WAY, JPEG_WAY, PLANNED_WAY, RAW_WAY, SPLIT_WAY, answer, row
from hypothesis import given
from hypothesis import strategies as st

from evosplit.cli.demo.board import Board
from evosplit.cli.demo.report_rows import comparisons, fastest, make_row, percentile, report
from evosplit.cli.demo.strategies import TimedAnswer


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=50), st.floats(0, 100))
def test_percentile_is_numpys(values: list[float], percent: float) -> None:
    assert np.isclose(percentile(values, percent), np.percentile(values, percent))


def test_a_row_summarises_its_frames() -> None:
    answers = [
        TimedAnswer(0.1, 100, True, "3", "cloud"),
        TimedAnswer(0.3, 300, False, "3", "cloud"),
        TimedAnswer(0.2, 200, True, "4", "cloud"),
    ]
    made = make_row("5 Mbit/s", 5e6, PLANNED_WAY, answers, settling=2)
    assert (made.cut, made.p50_s, made.wire_bytes, made.frames) == ("3", 0.2, 200, 3)
    assert made.accuracy is not None
    assert np.isclose(made.accuracy, 2 / 3)
    assert (made.fell_back, made.settling_frames) == (0, 2)


def test_frames_that_fell_back_count_for_no_strategy_but_the_planned_one() -> None:
    answers = [answer(0.4, 9000), answer(0.1, answered_by="edge-fallback", cut="39")]
    raw = make_row("5 Mbit/s", 5e6, RAW_WAY, answers)
    assert (raw.frames, raw.fell_back, raw.p50_s, raw.wire_bytes) == (1, 1, 0.4, 9000)
    planned = make_row("5 Mbit/s", 5e6, PLANNED_WAY, answers)
    assert (planned.frames, planned.fell_back, planned.p50_s) == (2, 1, 0.25)


def test_a_strategy_that_never_came_about_has_no_measures() -> None:
    raw = row(RAW_WAY, None)
    assert (raw.frames, raw.fell_back) == (0, 1)
    assert (raw.p50_s, raw.p95_s, raw.wire_bytes, raw.accuracy, raw.cut) == (None,) * 5
    assert fastest([raw]) is None
    assert fastest([raw, row(INT8_WAY, 3.0)]) == row(INT8_WAY, 3.0)


def test_the_planned_way_is_compared_with_the_best_way_that_is_held_to() -> None:
    rows = [row(PLANNED_WAY, 0.11, bandwidth_bps=5e6), row(INT8_WAY, 0.2, bandwidth_bps=5e6)]
    rows += [row(SPLIT_WAY, 0.1, bandwidth_bps=5e6), row(RAW_WAY, None, bandwidth_bps=5e6)]
    rows += [row(JPEG_WAY, 0.4), row(PLANNED_WAY, 0.3)]
    fast, slow = comparisons(rows)
    assert (fast.bandwidth_bps, fast.best, round(fast.planned_to_best, 6)) == (5e6, "split 4", 1.1)
    assert fast.split_to_others == 0.5
    assert (slow.bandwidth_bps, slow.best, round(slow.planned_to_best, 6)) == (1e6, "jpeg-50", 0.75)
    assert slow.split_to_others is None


def test_a_link_without_measures_is_not_compared() -> None:
    assert comparisons([row(PLANNED_WAY, 0.1), row(RAW_WAY, None)]) == ()


def test_the_report_has_one_entry_per_row() -> None:
    data = report([row(PLANNED_WAY, 0.1), row(INT8_WAY, 0.1)], {"cores": 2}, Board(8.0, 1.5))
    assert (data["slowdown"], data["integer_slowdown"]) == (8.0, 1.5)
    assert [link["strategy"] for link in data["links"]] == ["planned", "edge int8"]
    assert data["planned_beside_best"][0]["planned_to_best"] == 1.0
