"""Record of an edge: its last heartbeat, and what is new in one against the one before. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from evosplit.shared.fleet.heartbeat import Audited, Heartbeat

AWAY_BEATS: Final = 3
"""So many heartbeats an edge may miss before it counts as away."""


@dataclass(frozen=True)
class News:
    """What happened on an edge under one bundle since its last heartbeat; ``distrusted`` plans were left."""

    audits: int = 0
    losses: float = 0.0
    frames: int = 0
    failures: int = 0
    distrusted: int = 0


@dataclass(frozen=True)
class EdgeRecord:
    """``exempt`` is a bundle that was meant for the edge and does not fit it. Times are Unix seconds."""

    name: str
    model: str
    heartbeat: Heartbeat
    first_seen_s: float
    last_seen_s: float
    exempt: str = ""

    def is_away(self, now_s: float, interval_s: float) -> bool:
        """Whether it has missed several heartbeats."""
        return now_s - self.last_seen_s > AWAY_BEATS * interval_s

    def is_known(self, beat: Heartbeat) -> bool:
        """Whether a heartbeat is an earlier one, or the last one again."""
        return beat.boot == self.heartbeat.boot and beat.beat <= self.heartbeat.beat

    def seen(self, name: str, beat: Heartbeat, now_s: float) -> EdgeRecord:
        """With a newer heartbeat; a bundle that the edge refused does not fit it."""
        exempt = beat.refused or self.exempt
        return replace(self, name=name, heartbeat=beat, last_seen_s=now_s, exempt=exempt)


def news(before: Heartbeat | None, beat: Heartbeat) -> News:
    """What is new in a heartbeat; all of it, where the counters began anew since the one before.

    Frames are not told by table: of those around a change nothing is known.
    """
    if before is None or before.boot != beat.boot:
        counted = (beat.frames, beat.failures) if beat.table == 0 else (0, 0)
        return News(*_audited(Audited(), beat.audited), *counted, beat.audited.distrusted)
    if before.table != beat.table or before.bundle != beat.bundle:
        return News(*_audited(Audited(), beat.audited), distrusted=beat.audited.distrusted)
    frames, failures = beat.frames - before.frames, beat.failures - before.failures
    left = beat.audited.distrusted - before.audited.distrusted
    return News(*_audited(before.audited, beat.audited), max(frames, 0), max(failures, 0), max(left, 0))


def _audited(before: Audited, now: Audited) -> tuple[int, float]:
    """Audits and losses since; at least none, at most as many as there were audits."""
    audits = max(now.audits - before.audits, 0)
    losses = audits - (now.agreements - before.agreements)
    return audits, min(max(losses, 0.0), float(audits))
