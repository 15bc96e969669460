"""What frames cost at run time, kept as histograms: per segment, per hook, and as a whole."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

from edge.head.trace import StepTrace
from edge.job import Answer
from edge.spread import BYTES, SECONDS, SHARES, Spread
from shared.result import Result

_RECENT_S: Final = 10.0
_RECENT_FRAMES: Final = 10_000


@dataclass
class SegmentProfile:
    """One segment of the heads of one cut."""

    backend: str
    seconds: Spread = field(default_factory=lambda: Spread(SECONDS))
    density: Spread = field(default_factory=lambda: Spread(SHARES))
    made_bytes: Spread = field(default_factory=lambda: Spread(BYTES))

    def add(self, step: StepTrace) -> None:
        """Count one run."""
        self.backend = step.backend
        self.seconds.add(step.seconds)
        self.density.add(step.density)
        self.made_bytes.add(step.made_bytes)


@dataclass
class HookProfile:
    """One hook: how long it takes and what it decides. ``fired`` counts decisions that were acted on."""

    kind: str
    seconds: Spread = field(default_factory=lambda: Spread(SECONDS))
    decisions: Counter[str] = field(default_factory=Counter)
    fired: int = 0


class Profile:
    """Counts results and the traces of their heads. Used by the event loop alone."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self._recent_s: deque[float] = deque(maxlen=_RECENT_FRAMES)
        self.frame_s = Spread(SECONDS)
        self.wire_bytes = Spread(BYTES)
        self.answered_by: Counter[str] = Counter()
        self.segments: dict[tuple[str, str], SegmentProfile] = {}
        self.hooks: dict[str, HookProfile] = {}

    def count(self, result: Result, answer: Answer | None) -> None:
        """Add one frame."""
        self._recent_s.append(time.monotonic())
        self.frame_s.add(result.breakdown.total_s)
        self.wire_bytes.add(result.wire_bytes)
        self.answered_by[result.answered_by] += 1
        if answer is not None and answer.run is not None:
            for step in answer.run.trace.steps:
                self._step(answer.cut_key, step)
            for hook in answer.run.changed_by:
                self.hooks[hook.name].fired += 1

    def forget_heads(self) -> None:
        """The heads were built anew: their segments are others now."""
        self.segments.clear()

    def frames_per_s(self) -> float:
        """Results in the last seconds."""
        now_s = time.monotonic()
        while self._recent_s and self._recent_s[0] < now_s - _RECENT_S:
            self._recent_s.popleft()
        return len(self._recent_s) / max(min(_RECENT_S, now_s - self._started_s), 1e-3)

    def _step(self, cut_key: str, step: StepTrace) -> None:
        if step.kind == "segment":
            segment = self.segments.setdefault((cut_key, step.name), SegmentProfile(step.backend))
            segment.add(step)
        else:
            hook = self.hooks.setdefault(step.name, HookProfile(step.backend))
            hook.seconds.add(step.seconds)
            hook.decisions[step.decision] += 1

    def data(self, cut_key: str) -> dict[str, Any]:
        """As plain data, with the segments of one cut."""
        mine = sorted((int(name), one) for (cut, name), one in self.segments.items() if cut == cut_key)
        return {
            "frames": self.frame_s.count,
            "frames_per_s": self.frames_per_s(),
            "uptime_s": time.monotonic() - self._started_s,
            "latency_s": {**self.frame_s.summary(), "p99": self.frame_s.quantile(0.99)},
            "wire_bytes": self.wire_bytes.summary(),
            "answered_by": dict(self.answered_by),
            "segments": [_segment_data(at, one) for at, one in mine],
            "hooks": {name: _hook_data(one) for name, one in self.hooks.items()},
        }


def _segment_data(at: int, one: SegmentProfile) -> dict[str, Any]:
    return {
        "segment": at,
        "backend": one.backend,
        "seconds": one.seconds.summary(),
        "density": one.density.summary(),
        "made_bytes": one.made_bytes.summary(),
    }


def _hook_data(one: HookProfile) -> dict[str, Any]:
    asked = one.seconds.count
    return {
        "kind": one.kind,
        "seconds": one.seconds.summary(),
        "decisions": dict(one.decisions),
        "fire_rate": one.fired / asked if asked else 0.0,
    }
