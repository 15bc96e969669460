"""Segment loss as TCP shows it: retransmissions, which take the line again and delay what follows them.

Every segment is lost with the same probability, independently. A gap that later segments show is filled
one round trip later (fast retransmit, RFC 5681); one that nothing follows after two (tail loss probe,
RFC 8985), and so is a retransmission that is lost as well. Bytes arrive in order: what comes behind a gap
waits for it. The congestion window is not played: a link's bandwidth is what is left of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.shared.errors import UsageError

SEGMENT_BYTES: Final = 1460
"""Ethernet's 1500 less 40 of headers."""
_SHOWN_ROUND_TRIPS: Final = 1
_HIDDEN_ROUND_TRIPS: Final = 2


@dataclass(frozen=True)
class Retransmission:
    """What is sent again of some bytes, and how much later (seconds) the last of them arrives."""

    size_bytes: int = 0
    delay_s: float = 0.0


class SegmentLoss:
    """Random losses; equal seeds give equal losses to equal sequences of sizes."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def draw(self, size_bytes: int, share: float, rtt_s: float, is_last: bool) -> Retransmission:
        """What becomes of ``size_bytes`` where ``share`` of the segments is lost.

        ``is_last``: nothing follows soon that would show a gap.
        """
        segments = -(-size_bytes // SEGMENT_BYTES)
        lost = int(self._random.binomial(segments, share))
        sent_again, round_trips = 0, 0
        while lost:
            is_shown = not is_last and not round_trips
            round_trips += _SHOWN_ROUND_TRIPS if is_shown else _HIDDEN_ROUND_TRIPS
            sent_again += lost
            lost = int(self._random.binomial(lost, share))
        return Retransmission(min(sent_again * SEGMENT_BYTES, sent_again * size_bytes), round_trips * rtt_s)


def check_loss(share: float) -> float:
    """The share itself. Raises UsageError unless it is at least 0 and below 1."""
    if not 0 <= share < 1:
        raise UsageError(f"a loss of {share:g} is not a share from 0 to below 1")
    return share
