"""Links that a demo plays, by name or by bandwidth."""

from __future__ import annotations

import pytest

from evosplit.cli.demo.links import DEMO_LINKS, RTT_S, parse_demo_link
from evosplit.shared.errors import UsageError
from evosplit.shared.link import Link
from evosplit.shared.named_links import NAMED_LINKS


@pytest.mark.parametrize("name", NAMED_LINKS)
def test_a_named_link_has_its_round_trip_and_loss(name: str) -> None:
    link = parse_demo_link(f" {name.upper()} ")
    assert (link.name, link.link) == (name, NAMED_LINKS[name].link)


def test_a_bandwidth_has_a_short_round_trip() -> None:
    assert parse_demo_link("500kbit").link == Link(5e5, RTT_S)
    assert parse_demo_link("500kbit").name == "500 kbit/s"


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(UsageError, match="name a link"):
        parse_demo_link("tin can")


def test_the_default_links_have_names_of_their_own() -> None:
    assert len({link.name for link in DEMO_LINKS}) == len(DEMO_LINKS) == 4
