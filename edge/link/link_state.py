"""Link state: the current estimate and the circuit breaker."""

from __future__ import annotations

from evosplit.edge.link.circuit import Circuit
from evosplit.shared.estimator import update
from evosplit.shared.link import Link, LinkEstimate, Observation


class LinkState:
    """What requests teach, and plans are chosen by.

    ``assumed`` is the link until something was seen of it.
    """

    def __init__(self, assumed: Link) -> None:
        self._assumed = assumed
        self.circuit = Circuit()
        self.estimate = LinkEstimate()
        self.link = assumed
        """The link as it is estimated now."""

    def learn(self, observation: Observation) -> bool:
        """Correct the estimate by one request; whether the link is another one now."""
        before = self.link
        self.estimate = update(self.estimate, observation)
        self.link = self.estimate.link(self._assumed)
        return self.link != before
