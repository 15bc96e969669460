"""Typical uplinks by name (`ble`, `3g`, `4g`, `5g`, `wifi`, `ethernet`, `satellite`), each with its source.

For planning before a link was measured; an agent learns its own. Every figure has its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from evosplit.shared.errors import UsageError
from evosplit.shared.link import Link
from evosplit.shared.units import parse_bandwidth


@dataclass(frozen=True)
class NamedLink:
    """A typical link and where its figures come from."""

    link: Link
    source: str


_JOINT_DNN: Final = "uplink: averages of the United States in JointDNN (Eshratifar et al. 2018)"

NAMED_LINKS: Final[Mapping[str, NamedLink]] = MappingProxyType(
    {
        "ble": NamedLink(
            Link(0.7e6, 0.06),
            "LE 1M PHY: 244 bytes in 2.47 ms are 0.79 Mbit/s at best (Bluetooth Core 5.0); "
            "two connection intervals of 30 ms",
        ),
        "3g": NamedLink(
            Link(1.1e6, 0.1), f"{_JOINT_DNN}; round trip: HSPA+ in Huang et al. (MobiSys 2012), rounded"
        ),
        "4g": NamedLink(
            Link(5.85e6, 0.07), f"{_JOINT_DNN}; round trip: median of LTE in Huang et al. (MobiSys 2012)"
        ),
        "5g": NamedLink(
            Link(30e6, 0.03),
            "assumed: mid-band, not stand-alone; one way up took 18 ms at 15 Mbit/s and down 7 ms at best "
            "(Kottkamp, Rohde & Schwarz 2022)",
        ),
        "wifi": NamedLink(Link(18.88e6, 0.005), f"{_JOINT_DNN}; round trip: assumed, no other traffic"),
        "ethernet": NamedLink(Link(1e9, 0.0005), "IEEE 802.3ab (1000BASE-T); round trip: one switch"),
        "satellite": NamedLink(
            Link(14.84e6, 0.05, 0.01),
            "Starlink: median uplink of Speedtest, first quarter of 2025; median round trip to European "
            "servers in Michel et al. (IMC 2022); loss: assumed, handovers lose more",
        ),
    }
)


@dataclass(frozen=True)
class Uplink:
    """What a user says of a link: its bandwidth, and its round trip where the name of a link tells it."""

    bandwidth_bps: float
    rtt_s: float | None = None


def parse_uplink(text: str) -> Uplink:
    """A link by name (``4g``), or its bandwidth alone (``5mbit``). Raises UsageError for neither."""
    named = NAMED_LINKS.get(text.strip().lower())
    if named is not None:
        return Uplink(named.link.bandwidth_bps, named.link.rtt_s)
    try:
        return Uplink(parse_bandwidth(text))
    except UsageError as wrong:
        raise UsageError(f"{wrong}, or name a link: {', '.join(NAMED_LINKS)}") from None
