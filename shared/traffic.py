"""Traffic budget of a metered link: what a frame may take so that a period's bytes last to its end. Pure.

Times are Unix seconds, since a budget outlives the process that keeps to it.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final

from evosplit.shared.errors import UsageError
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices, narrowed
from evosplit.shared.units import parse_size
from evosplit.shared.wall_clock import elapsed_s, is_set

PERIODS_S: Final = {"hour": 3600.0, "day": 86400.0, "week": 7 * 86400.0, "month": 30 * 86400.0}
RATE_S: Final = 300.0
"""Frames a second are a mean that forgets with this time constant."""
MARGIN: Final = 0.8
"""A plan is changed to only where it takes this share of what a frame may, so that it can stay."""
PROBE_SHARE: Final = 0.02
"""Share of the budget that measuring the link may take while no frame does."""


@dataclass(frozen=True)
class TrafficLimit:
    """So many bytes in each period."""

    limit_bytes: int
    period_s: float

    @property
    def mean_bytes_per_s(self) -> float:
        """Bytes a second that use up a period's in just that time."""
        return self.limit_bytes / self.period_s


@dataclass(frozen=True)
class Traffic:
    """Bytes sent in the period that began at ``began_s``, and frames a second as seen at ``seen_s``."""

    began_s: float
    used_bytes: int = 0
    frames_per_s: float = 0.0
    seen_s: float = 0.0


def parse_traffic(text: str) -> TrafficLimit:
    """A budget from ``500MB/month``; periods are hour, day, week, month (30 days). Raises UsageError."""
    size, _, period = text.partition("/")
    if period.strip() not in PERIODS_S:
        raise UsageError(f"not a traffic budget: {text!r} (write it like 500MB/month or 10MB/hour)")
    limit_bytes = parse_size(size)
    if limit_bytes == 0:
        raise UsageError("a traffic budget of no bytes leaves nothing to plan")
    return TrafficLimit(limit_bytes, PERIODS_S[period.strip()])


def sent(traffic: Traffic, limit: TrafficLimit, now_s: float, size_bytes: int, is_frame: bool) -> Traffic:
    """After one more request. A clock that was put back begins a period anew with what was used."""
    current = _rolled(traffic, limit, now_s)
    rate = current.frames_per_s * math.exp(-max(now_s - current.seen_s, 0.0) / RATE_S)
    return dataclasses.replace(
        current,
        used_bytes=current.used_bytes + size_bytes,
        frames_per_s=rate + is_frame / RATE_S,
        seen_s=now_s,
    )


def left_bytes(traffic: Traffic, limit: TrafficLimit, now_s: float) -> int:
    """What the present period has left; never below 0."""
    return max(limit.limit_bytes - _rolled(traffic, limit, now_s).used_bytes, 0)


def frame_bytes(traffic: Traffic, limit: TrafficLimit, now_s: float) -> float:
    """Bytes that each frame may take until the period ends, at the rate at which frames come.

    Infinite while fewer frames came than would say anything.
    """
    current = _rolled(traffic, limit, now_s)
    rate = current.frames_per_s * math.exp(-max(now_s - current.seen_s, 0.0) / RATE_S)
    if rate <= 2 / RATE_S:
        return math.inf
    rest_s = min(max(current.began_s + limit.period_s - now_s, 1.0), limit.period_s)
    return left_bytes(traffic, limit, now_s) / rest_s / rate


def affordable(table: PlanTable, most_bytes: float, current: Plan | None) -> PlanTable:
    """The table without the plans that take more bytes a frame; the one in use may take all of them.

    Where nothing would remain, the plan of the fewest bytes remains.
    """
    if math.isinf(most_bytes) or all(plan.wire_bytes <= MARGIN * most_bytes for plan in choices(table)):
        return table
    kept = [plan for plan in choices(table) if plan.wire_bytes <= _most(plan, current, most_bytes)]
    if not kept:
        kept = [min(choices(table), key=lambda plan: plan.wire_bytes)]
    return narrowed(table, kept)


def _most(plan: Plan, current: Plan | None, most_bytes: float) -> float:
    return most_bytes if plan == current else MARGIN * most_bytes


def _rolled(traffic: Traffic, limit: TrafficLimit, now_s: float) -> Traffic:
    """The period that ``now_s`` lies in. A clock that lost its time, or got it, ends no period."""
    since_s = elapsed_s(traffic.began_s, now_s)
    if since_s is None:
        return dataclasses.replace(traffic, began_s=now_s, seen_s=now_s) if is_set(now_s) else traffic
    passed = since_s // limit.period_s
    if passed < 0:
        return dataclasses.replace(traffic, began_s=now_s, seen_s=now_s)
    if passed == 0:
        return traffic
    return dataclasses.replace(traffic, began_s=traffic.began_s + passed * limit.period_s, used_bytes=0)
