from __future__ import annotations

from pathlib import Path

import pytest

from evosplit.shared.errors import UsageError
from evosplit.shared.named_links import NAMED_LINKS, Uplink, parse_uplink
from evosplit.shared.units import format_bandwidth, format_duration


def test_every_link_has_a_source_and_sane_figures() -> None:
    assert set(NAMED_LINKS) == {"ble", "3g", "4g", "5g", "wifi", "ethernet", "satellite"}
    for named in NAMED_LINKS.values():
        assert named.source
        assert 1e5 < named.link.bandwidth_bps <= 1e9
        assert 0 < named.link.rtt_s < 1
        assert 0 <= named.link.loss < 0.1


def test_the_page_has_every_figure() -> None:
    page = (Path(__file__).parents[2] / "docs" / "links.md").read_text("utf-8")
    for name, named in NAMED_LINKS.items():
        link = named.link
        loss = f"{link.loss:.0%}" if link.loss else "none"
        cells = (
            f"`{name}`",
            format_bandwidth(link.bandwidth_bps),
            format_duration(link.rtt_s),
            loss,
            named.source,
        )
        assert f"| {' | '.join(cells)} |" in page


@pytest.mark.parametrize("text", ["4g", " 4G "])
def test_a_name_brings_its_round_trip(text: str) -> None:
    assert parse_uplink(text) == Uplink(5.85e6, 0.07)


def test_a_bandwidth_brings_none() -> None:
    assert parse_uplink("5mbit") == Uplink(5e6)


@pytest.mark.parametrize("text", ["6g", "", "wifi6"])
def test_neither_name_nor_bandwidth(text: str) -> None:
    with pytest.raises(UsageError, match=r"not a bandwidth.*or name a link: ble, 3g"):
        parse_uplink(text)
