"""Runtime profile as histograms: per segment, per hook, and as a whole."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

from evosplit.edge.head.partition import Part
from evosplit.edge.head.steps import RunSegment
from evosplit.edge.head.trace import StepTrace
from evosplit.edge.pipeline.job import Answer
from evosplit.edge.streams.exchange import is_stream
from evosplit.edge.telemetry.expected_savings import SegmentSeen, WireSeen
from evosplit.edge.telemetry.histogram import BYTES, SECONDS, SHARES, Histogram
from evosplit.shared.graph import Graph
from evosplit.shared.result import Result

_RECENT_S: Final = 10.0
_RECENT_FRAMES: Final = 10_000
_MASKED: Final = "masked"


@dataclass
class SegmentProfile:
    """One segment of the heads of one cut; ``timed_s`` by backend is without its first run, a warm-up."""

    backend: str
    part: Part
    seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    density: Histogram = field(default_factory=lambda: Histogram(SHARES))
    made_bytes: Histogram = field(default_factory=lambda: Histogram(BYTES))
    timed_s: dict[str, Histogram] = field(default_factory=dict)

    def add(self, step: StepTrace) -> None:
        """Count one run."""
        self.backend = step.backend
        self.seconds.add(step.seconds)
        self.density.add(step.density)
        self.made_bytes.add(step.made_bytes)
        if step.backend in self.timed_s:
            self.timed_s[step.backend].add(step.seconds)
        else:
            self.timed_s[step.backend] = Histogram(SECONDS)

    def time_share(self) -> float | None:
        """The share of its dense seconds that it takes; None where masks never served.

        Where no dense backend ran, the share of the arithmetic has to do.
        """
        if _MASKED not in self.timed_s:
            return None
        dense_s = [
            histogram.mean for name, histogram in self.timed_s.items() if name != _MASKED and histogram.mean
        ]
        count = sum(histogram.count for histogram in self.timed_s.values())
        if not dense_s or not count:
            return self.density.mean
        return sum(histogram.total for histogram in self.timed_s.values()) / count / min(dense_s)


@dataclass
class HookProfile:
    """One hook: how long it takes and what it decides. ``fired`` counts decisions that were acted on."""

    kind: str
    seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    decisions: Counter[str] = field(default_factory=Counter)
    fired: int = 0

    def count_fired(self) -> None:
        """A decision was acted on."""
        self.fired += 1


class RuntimeProfile:
    """Counts results and the traces of their heads. Used by the event loop alone."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self._recent_s: deque[float] = deque(maxlen=_RECENT_FRAMES)
        self.frame_s = Histogram(SECONDS)
        self.wire_bytes = Histogram(BYTES)
        self.answered_by: Counter[str] = Counter()
        self.late = 0
        self.segments: dict[tuple[str, str], SegmentProfile] = {}
        self.hooks: dict[str, HookProfile] = {}
        self.wire = WireSeen()

    def count(self, result: Result, answer: Answer | None) -> None:
        """Add one frame."""
        self._recent_s.append(time.monotonic())
        self.frame_s.add(result.breakdown.total_s)
        self.wire_bytes.add(result.wire_bytes)
        self.answered_by[result.answered_by] += 1
        self.late += result.late
        if answer is not None and answer.run is not None:
            self._head(answer)
            for hook in answer.run.changed_by:
                self.hooks[hook.name].count_fired()
        self._wire(result, answer)

    def segments_seen(self, graph: Graph) -> tuple[SegmentSeen, ...]:
        """The segments of all cuts, those seen most last."""
        ranked = sorted(self.segments.values(), key=lambda segment: segment.seconds.count)
        return tuple(
            SegmentSeen(
                tuple(graph.layers[index].name for index in segment.part.layers),
                segment.seconds.count,
                segment.time_share(),
            )
            for segment in ranked
        )

    def frames_per_s(self) -> float:
        """Results in the last seconds."""
        now_s = time.monotonic()
        while self._recent_s and self._recent_s[0] < now_s - _RECENT_S:
            self._recent_s.popleft()
        return len(self._recent_s) / max(min(_RECENT_S, now_s - self._started_s), 1e-3)

    def _head(self, answer: Answer) -> None:
        if answer.head is None or answer.run is None:
            return
        parts = {step.name: step.part for step in answer.head.steps if isinstance(step, RunSegment)}
        for step in answer.run.trace.steps:
            if step.kind == "segment":
                self._segment(answer.cut_key, step, parts[step.name])
            else:
                hook = self.hooks.setdefault(step.name, HookProfile(step.backend))
                hook.seconds.add(step.seconds)
                hook.decisions[step.decision] += 1

    def _segment(self, cut_key: str, step: StepTrace, part: Part) -> None:
        known = self.segments.get((cut_key, step.name))
        if known is not None and known.part != part:  # the head was built anew, with other borders
            self.segments = {key: segment for key, segment in self.segments.items() if key[0] != cut_key}
        self.segments.setdefault((cut_key, step.name), SegmentProfile(step.backend, part)).add(step)

    def _wire(self, result: Result, answer: Answer | None) -> None:
        """Frames that went as deltas, or could have."""
        if answer is None or answer.plan is None or result.answered_by != "cloud":
            return
        if result.strategy == "planned" and is_stream(result.stream, answer.plan):
            seen, whole = self.wire, answer.plan.wire_bytes
            self.wire = WireSeen(
                seen.frames + 1, seen.sent_bytes + result.wire_bytes, seen.whole_bytes + whole
            )

    def data(self, cut_key: str) -> dict[str, Any]:
        """As plain data, with the segments of one cut."""
        segments = sorted(
            (int(name), segment) for (cut, name), segment in self.segments.items() if cut == cut_key
        )
        return {
            "frames": self.frame_s.count,
            "frames_per_s": self.frames_per_s(),
            "uptime_s": time.monotonic() - self._started_s,
            "latency_s": {**self.frame_s.summary(), "p99": self.frame_s.quantile(0.99)},
            "wire_bytes": self.wire_bytes.summary(),
            "answered_by": dict(self.answered_by),
            "segments": [_segment_data(number, segment) for number, segment in segments],
            "hooks": {name: _hook_data(hook) for name, hook in self.hooks.items()},
        }


def _segment_data(index: int, segment: SegmentProfile) -> dict[str, Any]:
    return {
        "segment": index,
        "backend": segment.backend,
        "seconds": segment.seconds.summary(),
        "density": segment.density.summary(),
        "made_bytes": segment.made_bytes.summary(),
    }


def _hook_data(hook: HookProfile) -> dict[str, Any]:
    asked = hook.seconds.count
    return {
        "kind": hook.kind,
        "seconds": hook.seconds.summary(),
        "decisions": dict(hook.decisions),
        "fire_rate": hook.fired / asked if asked else 0.0,
    }
