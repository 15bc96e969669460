"""Rows of a band chart: winners, borders between them, and the best fixed split."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.library.band_rows import Band, BandRow, bands, best_split, fastest_single, kind_of


def row(bandwidth_bps: float, strategy: str, latency_s: float | None) -> BandRow:
    return BandRow(bandwidth_bps, strategy, "0", "", latency_s, 0.0, 1, 0)


def pair_of(bandwidth_bps: float, edge_s: float, raw_s: float | None) -> list[BandRow]:
    return [row(bandwidth_bps, "edge", edge_s), row(bandwidth_bps, "cloud-raw", raw_s)]


def test_the_planned_strategy_is_no_single_one() -> None:
    assert fastest_single({"planned": 0.1, "edge": 0.3, "cloud-raw": 0.2}) == "cloud-raw"
    assert fastest_single({"planned": 0.1}) is None


def test_all_splits_are_of_one_kind() -> None:
    assert [kind_of(name) for name in ("split:24", "split:x3f", "cloud-jpeg")] == [
        "split",
        "split",
        "cloud-jpeg",
    ]


def test_bands_meet_where_the_lines_cross() -> None:
    rows = [
        row(1e6, "edge", 1.0),
        row(1e6, "cloud-raw", 4.0),
        row(4e6, "edge", 1.0),
        row(4e6, "cloud-raw", 0.25),
    ]
    assert bands(rows) == (Band(1e6, pytest.approx(2e6), "edge"), Band(pytest.approx(2e6), 4e6, "cloud-raw"))


def test_neighbouring_splits_make_one_band() -> None:
    rows = [
        *(row(1e6, name, seconds) for name, seconds in (("split:1", 1.0), ("split:2", 2.0), ("edge", 3.0))),
        *(row(2e6, name, seconds) for name, seconds in (("split:1", 1.0), ("split:2", 0.5), ("edge", 3.0))),
    ]
    assert bands(rows) == (Band(1e6, 2e6, "split"),)


def test_a_strategy_without_answers_wins_nothing() -> None:
    rows = [
        row(1e6, "edge", 1.0),
        row(1e6, "cloud-raw", None),
        row(4e6, "edge", 1.0),
        row(4e6, "cloud-raw", 0.5),
    ]
    assert bands(rows) == (Band(1e6, pytest.approx(2e6), "edge"), Band(pytest.approx(2e6), 4e6, "cloud-raw"))
    assert bands([row(1e6, "edge", None)]) == ()


def test_the_best_split_is_answered_everywhere() -> None:
    rows = [
        *(row(1e6, "split:1", 1.0), row(2e6, "split:1", None)),
        *(row(1e6, "split:2", 2.0), row(2e6, "split:2", 2.0)),
        *(row(1e6, "split:3", 1.0), row(2e6, "split:3", 4.1)),
    ]
    assert best_split(rows) == "split:2"
    assert best_split([row(1e6, "edge", 1.0)]) is None


@given(st.lists(st.tuples(*[st.floats(1e-3, 1e3)] * 3), min_size=1, max_size=6))
def test_bands_cover_what_was_measured_without_a_gap(latencies: list[tuple[float, ...]]) -> None:
    names = ("edge", "cloud-raw", "split:7")
    rows = [
        row(10.0**power, name, seconds)
        for power, values in enumerate(latencies)
        for name, seconds in zip(names, values, strict=True)
    ]
    found = bands(rows)
    assert (found[0].low_bps, found[-1].high_bps) == (1.0, 10.0 ** (len(latencies) - 1))
    assert all(before.high_bps == after.low_bps for before, after in itertools.pairwise(found))
    for power, values in enumerate(latencies):
        bps, fastest = 10.0**power, kind_of(names[values.index(min(values))])
        assert fastest in {
            band.kind
            for band in found
            if band.low_bps <= bps * (1 + 1e-9) and bps <= band.high_bps * (1 + 1e-9)
        }
    assert math.isfinite(sum(band.high_bps for band in found))
