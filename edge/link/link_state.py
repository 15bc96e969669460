"""Link state: the current estimate, the circuit breaker, and what may still be sent."""

from __future__ import annotations

from evosplit.edge.link.circuit import Circuit
from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.shared.estimator import update
from evosplit.shared.link import Link, LinkEstimate, Observation


class LinkState:
    """What requests teach, and plans are chosen by.

    ``assumed`` is the link until something was seen of it; without a ``meter`` all may be sent.
    """

    def __init__(self, assumed: Link, meter: TrafficMeter | None = None) -> None:
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
