"""The agent's figures for Prometheus."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import generate_latest

from shared.link import Link
from shared.result import Result

_BUCKETS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """One registry per agent. Labels are few and fixed: steps, who answered, strategies."""

    def __init__(self, model: str, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        info = Info("evosplit", "What runs here.", registry=self._registry)
        info.info({"model": model, "version": version})
        self._frames = Counter(
            "evosplit_frames", "Frames with a result.", ("answered_by", "strategy"), registry=self._registry
        )
        self._frame_s = Histogram(
            "evosplit_frame_seconds", "From request to result.", registry=self._registry, buckets=_BUCKETS_S
        )
        self._step_s = Counter(
            "evosplit_step_seconds", "Time spent in each step.", ("step",), registry=self._registry
        )
        self._wire_bytes = Counter("evosplit_wire_bytes", "Bytes sent to the cloud.", registry=self._registry)
        self.in_flight = Gauge("evosplit_frames_in_flight", "Frames under way.", registry=self._registry)
        self._bandwidth = Gauge(
            "evosplit_link_bytes_per_second", "Estimated uplink bandwidth.", registry=self._registry
        )
        self._round_trip_s = Gauge(
            "evosplit_link_round_trip_seconds", "Estimated round trip.", registry=self._registry
        )
        self._cloud_up = Gauge("evosplit_cloud_up", "Whether the cloud answers.", registry=self._registry)
        self._plan_changes = Gauge(
            "evosplit_plan_changes", "Changes of plan since the start.", registry=self._registry
        )

    def count(self, result: Result) -> None:
        """Add one result."""
        self._frames.labels(result.answered_by, result.strategy).inc()
        self._frame_s.observe(result.breakdown.total_s)
        self._wire_bytes.inc(result.wire_bytes)
        for step, seconds in asdict(result.breakdown).items():
            if step != "total_s":
                self._step_s.labels(step.removesuffix("_s")).inc(seconds)

    def see_link(self, link: Link, cloud_is_up: bool, plan_changes: int) -> None:
        """Set the state of link and plan."""
        self._bandwidth.set(link.bandwidth_bps / 8)
        self._round_trip_s.set(link.rtt_s)
        self._cloud_up.set(cloud_is_up)
        self._plan_changes.set(plan_changes)

    def text(self) -> bytes:
        """All figures in the text format 0.0.4."""
        return generate_latest(self._registry)
