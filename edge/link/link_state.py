"""Link state of one cloud: the estimate, the queue, the circuit breaker, and what may still be sent."""

from __future__ import annotations

from evosplit.edge.link.circuit import Circuit
from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.shared.cloud_queue import CloudQueue
from evosplit.shared.estimator import update
from evosplit.shared.link import Link, LinkEstimate, Observation


class LinkState:
    """What requests teach, and plans are chosen by.

    ``assumed`` is the link until something was seen of it; without a ``meter`` all may be sent. ``cloud`` is
    its address, ``seed`` a number of this edge's own.
    """

    def __init__(
        self, assumed: Link, meter: TrafficMeter | None = None, cloud: str = "", seed: int = 0
    ) -> None:
        self.cloud = cloud
        self.queue = CloudQueue(seed)
        self.meter = TrafficMeter() if meter is None else meter
        self._assumed = assumed
        self.circuit = Circuit()
        self.estimate = LinkEstimate()
        self.link = assumed
        """The link as it is estimated now."""

    def learn(self, observation: Observation) -> bool:
        """Correct the estimate by one request; whether the link, or what may be sent over it, is another."""
        before = self.link
        self.estimate = update(self.estimate, observation)
        self.link = self.estimate.link(self._assumed)
        return self.link != before or self.meter.is_metered

    def wait(self, wait_s: float | None) -> bool:
        """Take note of what the cloud says of its queue; whether that is news."""
        before = self.queue.wait_s
        if wait_s is not None:
            self.queue = self.queue.seen(wait_s)
        return self.queue.wait_s != before

    def priced(self, is_there: bool) -> Link:
        """The link as plans are to be priced by it; ``is_there``: whether frames go to that cloud now."""
        return self.link.later(self.queue.counted_s(is_there))
