"""Prometheus metrics of sinks: events sent, refused and dropped, and which sinks are connected."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from evosplit.edge.sinks.delivery import DeliveryState


class SinkMetrics:
    """Gauges of one registry by sink, set when they are read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"evosplit_sink_{name}", text, ["sink"], registry=registry)

        self._connected = gauge("connected", "1 while the other side takes events.")
        self._sent = gauge("sent_events", "Events since the start that the other side has.")
        self._refused = gauge("refused_events", "Events since the start that it did not want.")
        self._dropped = gauge("dropped_events", "Results since the start that were dropped before.")

    def see(self, name: str, state: DeliveryState) -> None:
        """Set all of one sink."""
        self._connected.labels(name).set(state.is_connected)
        self._sent.labels(name).set(state.sent)
        self._refused.labels(name).set(state.refused)
        self._dropped.labels(name).set(state.dropped)
