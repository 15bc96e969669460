"""Why a strategy won, said from what was measured."""

from __future__ import annotations

import pytest
from demo_rows import FLOAT_WAY, INT8_WAY, JPEG_WAY, PLANNED_WAY, RAW_WAY, SPLIT_WAY, row

from evosplit.cli.demo.narration import reason
from evosplit.cli.demo.report_rows import Row


def rows(jpeg_s: float, split_s: float, int8_s: float, bandwidth_bps: float) -> list[Row]:
    """Beside the three a float edge, which is slow, a raw picture that fell back, and the planned way."""
    return [
        row(PLANNED_WAY, min(jpeg_s, split_s, int8_s), 7, bandwidth_bps),
        row(FLOAT_WAY, 0.5, 0, bandwidth_bps),
        row(INT8_WAY, int8_s, 0, bandwidth_bps),
        row(JPEG_WAY, jpeg_s, 5000, bandwidth_bps),
        row(RAW_WAY, None, 0, bandwidth_bps),
        row(SPLIT_WAY, split_s, 1000, bandwidth_bps),
    ]


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (
            rows(0.04, 0.06, 0.1, 20e6),
            "the link is fast enough for the picture as jpeg-50: jpeg-50's 5 kB take 2 ms on the link, "
            "split 4 spends 21.6 ms more on computing and coding",
        ),
        (
            rows(0.09, 0.06, 0.1, 1e6),
            "split 4's 1 kB take 8 ms on the link, jpeg-50's 5 kB take 40 ms on the link, "
            "all on the edge takes 100 ms",
        ),
        (
            rows(0.45, 0.15, 0.1, 0.1e6),
            "edge int8 is done in 100 ms, and split 4's 1 kB take 80 ms on the link alone",
        ),
    ],
)
def test_the_reason_is_in_the_figures(measured: list[Row], said: str) -> None:
    assert reason(measured) == said


def test_a_raw_picture_may_win() -> None:
    said = reason([row(RAW_WAY, 0.02, 150_000, 1e9), row(FLOAT_WAY, 0.3, 0, 1e9)])
    assert said.startswith("the link is fast enough for the raw picture: raw's 150 kB take 1.2 ms")
    assert said.endswith("all on the edge takes 300 ms")


def test_an_edge_without_any_other_says_so() -> None:
    assert "nothing that is sent was measured" in reason([row(FLOAT_WAY, 0.3), row(RAW_WAY, None)])
    assert reason([row(RAW_WAY, None)]) == "nothing was measured"
