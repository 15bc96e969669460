"""Prometheus metrics of frame sources: pictures taken, left out and failed, and which sources play."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from evosplit.edge.sources.source_run import SourceState


class SourceMetrics:
    """Gauges of one registry by source, set when they are read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"evosplit_source_{name}", text, ["source"], registry=registry)

        self._playing = gauge("playing", "1 while the source gives pictures.")
        self._taken = gauge("taken_frames", "Pictures since the start that became frames with an answer.")
        self._left_out = gauge("left_out_frames", "Pictures since the start that were left out.")
        self._failed = gauge("failed_frames", "Pictures since the start without an answer.")
        self._openings = gauge("openings", "How often the source was opened.")

    def see(self, name: str, state: SourceState) -> None:
        """Set all of one source."""
        self._playing.labels(name).set(state.state == "playing")
        self._taken.labels(name).set(state.taken)
        self._left_out.labels(name).set(state.left_out)
        self._failed.labels(name).set(state.failed)
        self._openings.labels(name).set(state.openings)
