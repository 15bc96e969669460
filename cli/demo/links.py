"""Links of the demo: those that it plays by default, and typical ones by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evosplit.shared.link import Link
from evosplit.shared.named_links import NAMED_LINKS, parse_uplink
from evosplit.shared.units import format_bandwidth

RTT_S: Final = 0.01
"""Of links that are told by their bandwidth: a radio of one's own, or a line."""


@dataclass(frozen=True)
class DemoLink:
    """A link and what the report calls it."""

    name: str
    link: Link


def parse_demo_link(text: str) -> DemoLink:
    """A typical link by name, or a bandwidth with a short round trip. Raises UsageError for neither."""
    name = text.strip().lower()
    if name in NAMED_LINKS:
        return DemoLink(name, NAMED_LINKS[name].link)
    bandwidth_bps = parse_uplink(text).bandwidth_bps
    return DemoLink(format_bandwidth(bandwidth_bps), Link(bandwidth_bps, RTT_S))


DEMO_LINKS: Final = tuple(parse_demo_link(text) for text in ("20mbit", "300kbit", "250kbit", "50kbit"))
"""A good Wi-Fi; the lowest rate of a long-range one (802.11ah, 1 MHz), empty and beside others; its rim."""
