"""Link model: bandwidth, round-trip time and loss between edge and cloud, and the time of a transfer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """Uplink bandwidth, round-trip time, and the share of requests that are lost.

    ``rtt_s`` is what a request takes beside its bytes: where it was learnt, also proxies and queues.
    """

    bandwidth_bps: float
    rtt_s: float = 0.0
    loss: float = 0.0

    def uplink_s(self, wire_bytes: float) -> float:
        """Seconds until ``wire_bytes`` have arrived and the answer is back (the answer is small)."""
        return self.rtt_s + 8 * wire_bytes / self.bandwidth_bps
