"""Link between edge and cloud: bandwidth and round trip, as requests show them to one side."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

JITTER_S: Final = 1e-3
"""A transfer no longer than this is lost in jitter: it only shows that the link is at least so fast."""
FEWEST_OVERHEADS: Final = 3
"""Frames whose overheads tell something: the first one finds connections and caches cold."""


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

    def of(self, cloud: str) -> Link:
        """Itself: where there is one link, it leads to every cloud."""
        del cloud
        return self

    def later(self, wait_s: float) -> Link:
        """With requests that take so much longer."""
        return dataclasses.replace(self, rtt_s=self.rtt_s + wait_s) if wait_s else self


class LinkOf(Protocol):
    """The link to each cloud, by the name that plans have it under; "" is the first one. Hashable."""

    def of(self, cloud: str) -> Link:
        """The link to one of them."""
        ...

    def __hash__(self) -> int:
        """By value."""
        ...


@dataclass(frozen=True)
class Links:
    """Links by cloud, the first one first."""

    by_cloud: tuple[tuple[str, Link], ...]

    def of(self, cloud: str) -> Link:
        """Of a cloud that is not among them, the first one's."""
        return next((link for name, link in self.by_cloud if name == cloud), self.by_cloud[0][1])


@dataclass(frozen=True)
class Observation:
    """One request as the edge saw it.

    ``size_bytes`` is all that went out, headers included. ``seconds`` is from the first byte out to the
    answer, less the cloud's own steps. ``share`` is the mean share of the link that the request had (1
    when it was alone, 1/2 beside one other). ``completed`` is False when the edge gave up after ``seconds``.
    ``is_frame``: it had an answer to carry and went through the queues of frames, other than a probe.
    """

    size_bytes: int
    seconds: float
    share: float = 1.0
    completed: bool = True
    is_frame: bool = False


class Ping(NamedTuple):
    """A request so small that it shows the round trip."""

    size_bytes: int
    seconds: float


@dataclass(frozen=True)
class LinkEstimate:
    """Bandwidth and round trip, None until seen, with the few samples that the next update needs.

    ``samples`` counts transfers that told something of the bandwidth, ``clear_samples`` those among them
    that lasted long enough to be told from jitter. ``overheads`` are what the last frames took beside the
    round trip and their bytes at ``probed_bps``; ``asked`` is how many more of them are wanted.
    """

    bandwidth_bps: float | None = None
    samples: int = 0
    clear_samples: int = 0
    deviant_bps: float | None = None
    pings: tuple[Ping, ...] = ()
    overheads: tuple[float, ...] = ()
    probed_bps: float | None = None
    asked: int = 0

    @functools.cached_property
    def overhead_s(self) -> float:
        """What a frame takes beside the round trip and its bytes; waiting for others only ever adds to it."""
        known = len(self.overheads) >= FEWEST_OVERHEADS
        return sorted(self.overheads)[len(self.overheads) // 4] if known else 0.0

    @functools.cached_property
    def jitter_s(self) -> float:
        """How much longer than that a frame may take for no reason of the link's."""
        known = len(self.overheads) >= FEWEST_OVERHEADS
        return max(JITTER_S, sorted(self.overheads)[-2] - self.overhead_s) if known else JITTER_S

    @functools.cached_property
    def request_s(self) -> float | None:
        """What a frame's request takes beside its bytes."""
        return None if self.rtt_s is None else self.rtt_s + self.overhead_s

    @functools.cached_property
    def rtt_s(self) -> float | None:
        """The least round trip of the last pings, what sending them took at the bandwidth taken off."""
        return min((self._round_trip_s(ping) for ping in self.pings), default=None)

    def _round_trip_s(self, ping: Ping) -> float:
        if self.bandwidth_bps is None:
            return ping.seconds
        # Half is kept: were the bandwidth far too low, the whole round trip would be taken for sending.
        return max(ping.seconds - 8 * ping.size_bytes / self.bandwidth_bps, ping.seconds / 2)

    def link(self, otherwise: Link) -> Link:
        """The link as far as it is known; ``otherwise`` fills what was never seen."""
        bandwidth_bps = otherwise.bandwidth_bps if self.bandwidth_bps is None else self.bandwidth_bps
        return Link(bandwidth_bps, otherwise.rtt_s if self.request_s is None else self.request_s)
