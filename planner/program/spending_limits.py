"""Constraints and objective of one program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from evosplit.planner.problem.costs import Objective
from evosplit.planner.problem.limits import Limits

Goal = Literal["latency", "throughput", "energy", "cloud", "memory", "error"]


@dataclass(frozen=True)
class Bounds:
    """Limits of one program; None: no limit. ``layers`` fixes the set of edge layers."""

    memory_bytes: float | None = None
    error: float | None = None
    deadline_s: float | None = None
    period_s: float | None = None
    energy_j: float | None = None
    cloud_s: float | None = None
    layers: frozenset[int] | None = None

    @property
    def spending(self) -> tuple[tuple[Objective, float | None], ...]:
        """The limits on objectives, in seconds or joules."""
        return (
            ("latency", self.deadline_s),
            ("throughput", self.period_s),
            ("energy", self.energy_j),
            ("cloud", self.cloud_s),
        )

    def at_most(self, objective: Objective, value: float) -> Bounds:
        """With the objective bounded too."""
        if objective == "latency":
            return replace(self, deadline_s=_least(value, self.deadline_s))
        if objective == "throughput":
            return replace(self, period_s=_least(value, self.period_s))
        if objective == "energy":
            return replace(self, energy_j=_least(value, self.energy_j))
        return replace(self, cloud_s=_least(value, self.cloud_s))


def _least(value: float, limit: float | None) -> float:
    return value if limit is None else min(value, limit)


def limit_bounds(limits: Limits, layers: frozenset[int] | None = None) -> Bounds:
    """The limits of a problem."""
    return Bounds(
        limits.memory_bytes,
        limits.error_limit,
        limits.deadline_s,
        limits.period_s,
        limits.energy_j,
        limits.cloud_s,
        layers,
    )
