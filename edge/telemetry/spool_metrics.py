"""Prometheus metrics of the spool: what waits for the cloud, and what found no place."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from evosplit.edge.results.spool import SpoolState


class SpoolMetrics:
    """Gauges of one registry, set when they are read.

    A growing ``evosplit_spool_bytes`` says that the link carries less than frames need.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._frames = Gauge("evosplit_spool_frames", "Frames that wait for the cloud.", registry=registry)
        self._bytes = Gauge("evosplit_spool_bytes", "Bytes of the frames that wait.", registry=registry)
        self._refused = Gauge(
            "evosplit_spool_refused", "Frames since the start that found no place.", registry=registry
        )

    def see(self, state: SpoolState) -> None:
        """Set all of it."""
        self._frames.set(state.frames)
        self._bytes.set(state.size_bytes)
        self._refused.set(state.refused)
