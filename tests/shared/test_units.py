"""Quantities as people write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.errors import UsageError
from evosplit.shared.units import (
    format_bandwidth,
    format_duration,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_region,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5mbit", 5e6),
        ("200kbit", 2e5),
        ("1.5Gbit/s", 1.5e9),
        ("10 Mbps", 1e7),
        ("64bit", 64),
        ("1e3 kbit", 1e6),
    ],
)
def test_bandwidths(text: str, value: float) -> None:
    assert parse_bandwidth(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("64MB", 64_000_000), ("512KiB", 524_288), ("100B", 100), ("0B", 0), ("1.5 GB", 1_500_000_000)],
)
def test_sizes(text: str, value: int) -> None:
    assert parse_size(text) == value


@pytest.mark.parametrize(("text", "value"), [("20ms", 0.02), ("1.5s", 1.5), ("300us", 3e-4)])
def test_durations(text: str, value: float) -> None:
    assert parse_duration(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "5", "fast", "-5mbit", "0mbit", "nanmbit", "infmbit", "1e999mbit", "5MB"]
)
def test_what_is_no_bandwidth(text: str) -> None:
    with pytest.raises(UsageError, match="bandwidth"):
        parse_bandwidth(text)


@pytest.mark.parametrize("text", ["", "64", "-1MB", "64mbit", "..B", "nanB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "20", "-1s", "1y", "nans"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize("parse", [parse_bandwidth, parse_size, parse_duration])
@given(text=st.text(max_size=12))
def test_any_text_is_a_quantity_or_a_usage_error(parse: Callable[[str], float], text: str) -> None:
    try:
        value = parse(text)
    except UsageError:
        return
    assert value >= 0


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3,4,5", "1,2,three,4"])
def test_what_is_no_region(text: str) -> None:
    with pytest.raises(UsageError, match=r"not a region: .* \(like 0,0,1,1\)"):
        parse_region(text, "like 0,0,1,1")


def test_regions() -> None:
    assert parse_region("0, 0.25,1e2,-4", "") == (0.0, 0.25, 100.0, -4.0)


def test_formats() -> None:
    assert format_bandwidth(5e6) == "5 Mbit/s"
    assert format_size(1_234_567) == "1.23 MB"
    assert format_duration(0.0123) == "12.3 ms"
    assert format_duration(2e-6) == "2 us"
