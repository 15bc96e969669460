"""Prometheus metrics of the agent."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import generate_latest

from evosplit.edge.pipeline.job import Answer
from evosplit.edge.telemetry.calibration_metrics import CalibrationMetrics
from evosplit.edge.telemetry.head_metrics import BUCKETS_BYTES, HeadMetrics
from evosplit.edge.telemetry.hook_state import HookState
from evosplit.edge.telemetry.plan_metrics import PlanMetrics
from evosplit.edge.telemetry.sink_metrics import SinkMetrics
from evosplit.edge.telemetry.source_metrics import SourceMetrics
from evosplit.edge.telemetry.spool_metrics import SpoolMetrics
from evosplit.shared.link import Link
from evosplit.shared.result import Breakdown, Result

_BUCKETS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_STEPS: Final = tuple(field.name for field in fields(Breakdown) if field.name != "total_s")


class Metrics:
    """One registry per agent. Labels are few and fixed: steps, who answered, strategies."""

    def __init__(self, model: str, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        info = Info("evosplit", "What runs here.", registry=self._registry)
        info.info({"model": model, "version": version})
        frames = Counter(
            "evosplit_frames", "Frames with a result.", ("answered_by", "strategy"), registry=self._registry
        )
        self._frames = functools.cache(frames.labels)
        self._frame_s = Histogram(
            "evosplit_frame_seconds", "From request to result.", registry=self._registry, buckets=_BUCKETS_S
        )
        step_s = Counter(
            "evosplit_step_seconds", "Time spent in each step.", ("step",), registry=self._registry
        )
        self._steps = {name: step_s.labels(name.removesuffix("_s")) for name in _STEPS}
        self._wire_bytes = Counter("evosplit_wire_bytes", "Bytes sent to the cloud.", registry=self._registry)
        self._frame_bytes = Histogram(
            "evosplit_frame_wire_bytes",
            "Bytes sent to the cloud for one frame.",
            registry=self._registry,
            buckets=BUCKETS_BYTES,
        )
        sent = Counter(
            "evosplit_boundary_frames",
            "Frames whose tensors went to the cloud: as a delta, whole, or both after a refusal.",
            ("sent_as",),
            registry=self._registry,
        )
        self._sent = functools.cache(sent.labels)
        self.in_flight = Gauge("evosplit_frames_in_flight", "Frames under way.", registry=self._registry)
        self._bandwidth = Gauge(
            "evosplit_link_bytes_per_second",
            "Estimated uplink bandwidth.",
            ("cloud",),
            registry=self._registry,
        )
        self._round_trip_s = Gauge(
            "evosplit_link_round_trip_seconds", "Estimated round trip.", ("cloud",), registry=self._registry
        )
        self._cloud_up = Gauge(
            "evosplit_cloud_up", "Whether the cloud answers.", ("cloud",), registry=self._registry
        )
        self._cloud_wait_s = Gauge(
            "evosplit_cloud_wait_seconds",
            "How long frames wait for their turn in the cloud.",
            ("cloud",),
            registry=self._registry,
        )
        answered = Counter(
            "evosplit_cloud_frames", "Frames that the cloud answered.", ("cloud",), registry=self._registry
        )
        self._cloud_frames = functools.cache(answered.labels)
        self._plan_changes = Gauge(
            "evosplit_plan_changes", "Changes of plan since the start.", registry=self._registry
        )
        self.plans = PlanMetrics(self._registry)
        self.spool = SpoolMetrics(self._registry)
        self.sinks = SinkMetrics(self._registry)
        self.sources = SourceMetrics(self._registry)
        self._background_failures = Counter(
            "evosplit_background_failures",
            "Exceptions that ended a background task.",
            ("task",),
            registry=self._registry,
        )
        self._follow_ups_skipped = Counter(
            "evosplit_follow_ups_skipped",
            "Frames that nothing was learned of because too many others were being learned of.",
            registry=self._registry,
        )
        self._head = HeadMetrics(self._registry)
        self.calibration = CalibrationMetrics(self._registry)

    def count(self, result: Result, answer: Answer | None = None) -> None:
        """Add one result, and what its head did where one ran."""
        if answer is not None and answer.run is not None:
            self._head.count(answer.run.trace)
        if answer is not None and answer.sent_as is not None:
            self._sent(answer.sent_as).inc()
        # A plan's name is no label: there would be as many series as plans.
        self._frames(result.answered_by, result.strategy.split(":")[0]).inc()
        if result.cloud is not None:
            self._cloud_frames(result.cloud).inc()
        self._frame_s.observe(result.breakdown.total_s)
        self._wire_bytes.inc(result.wire_bytes)
        self._frame_bytes.observe(result.wire_bytes)
        for step, spent in self._steps.items():
            spent.inc(getattr(result.breakdown, step))

    def background_failed(self, task: str) -> None:
        """Add one failure of a background task."""
        self._background_failures.labels(task).inc()

    def follow_up_skipped(self) -> None:
        """Add one frame that nothing followed from."""
        self._follow_ups_skipped.inc()

    def see_cloud(self, cloud: str, link: Link, is_up: bool, wait_s: float) -> None:
        """Set the state of one cloud, by its address, and of the link to it."""
        self._bandwidth.labels(cloud).set(link.bandwidth_bps / 8)
        self._round_trip_s.labels(cloud).set(link.rtt_s)
        self._cloud_up.labels(cloud).set(is_up)
        self._cloud_wait_s.labels(cloud).set(wait_s)

    def see_plans(self, plan_changes: int, is_pinned: bool, keeps_to_pin: bool) -> None:
        """Set the state of the plan."""
        self._plan_changes.set(plan_changes)
        self.plans.see_pin(is_pinned, keeps_to_pin)

    def see_hooks(self, states: Mapping[str, HookState], sampler_bytes: int) -> None:
        """Set the state of hooks and sampler, by name."""
        self._head.see(states, sampler_bytes)

    def text(self) -> bytes:
        """All figures in the text format 0.0.4."""
        return generate_latest(self._registry)
