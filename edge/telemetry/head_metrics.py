"""Prometheus metrics of heads and hooks: few labels, all of them fixed once a model is loaded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from evosplit.edge.head.trace import HeadTrace, StepTrace
from evosplit.edge.telemetry.hook_state import HookState

BUCKETS_BYTES: Final = (0, 1e2, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 1e7)

STATES: Final = ("ok", "raise", "off", "dropped")
"""Of a hook, as the drift guard and the record of hook failures have it."""

_STEP_S: Final = (0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_SHARES: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class HeadMetrics:
    """Segments are numbered, hooks named; there is a handful of either."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(
            name: str, text: str, label: str, buckets: tuple[float, ...]
        ) -> Callable[[str], Histogram]:
            made = Histogram(f"evosplit_{name}", text, (label,), registry=registry, buckets=buckets)
            return functools.cache(made.labels)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"evosplit_{name}", text, labels, registry=registry)

        labels = ("hook", "decision")
        decisions = Counter("evosplit_hook_decisions", "What hooks decided.", labels, registry=registry)
        self._segment_s = histogram("segment_seconds", "Time of each segment.", "segment", _STEP_S)
        self._density = histogram("segment_density", "Share of positions computed.", "segment", _SHARES)
        self._made = histogram("segment_made_bytes", "Bytes at its border.", "segment", BUCKETS_BYTES)
        self._hook_s = histogram("hook_seconds", "Time of each hook.", "hook", _STEP_S)
        self._decisions = functools.cache(decisions.labels)
        self._audits = gauge("hook_audits", "Answers of hooks that were compared.", "hook")
        self._agreement = gauge("hook_agreement", "Share of those that agreed.", "hook")
        self._threshold = gauge("hook_threshold", "Least confidence that answers.", "hook")
        self._on = gauge("hook_on", "Whether the hook's decisions are acted on.", "hook")
        self._states = gauge("hook_state", "1 for the state that the hook is in.", "hook", "state")
        self._sampler = gauge("sampler_bytes", "What the sampler holds.")

    def count(self, trace: HeadTrace) -> None:
        """Add one frame's steps."""
        for step in trace.steps:
            self._segment(step) if step.kind == "segment" else self._hook(step)

    def see(self, states: Mapping[str, HookState], sampler_bytes: int) -> None:
        """Set the state of hooks and sampler."""
        self._sampler.set(sampler_bytes)
        for gauge in (self._audits, self._agreement, self._threshold, self._on, self._states):
            gauge.clear()
        for name, state in states.items():
            self._on.labels(name).set(state.state in ("ok", "raise"))
            for known in STATES:
                self._states.labels(name, known).set(state.state == known)
            self._audits.labels(name).set(state.audits)
            if state.agreement is not None:
                self._agreement.labels(name).set(state.agreement)
            if state.threshold is not None:
                self._threshold.labels(name).set(max(state.threshold, state.floor or 0.0))

    def _segment(self, step: StepTrace) -> None:
        self._segment_s(step.name).observe(step.seconds)
        self._density(step.name).observe(step.density)
        self._made(step.name).observe(step.made_bytes)

    def _hook(self, step: StepTrace) -> None:
        self._hook_s(step.name).observe(step.seconds)
        self._decisions(step.name, step.decision).inc()
