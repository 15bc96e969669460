"""Limits of a plan, and its slack against each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from evosplit.shared.errors import UsageError

DEFAULT_MAX_ERROR: Final = 0.001
"""The error limit when none is given; chosen by measurement, see docs/decisions/error-measure.md."""


@dataclass(frozen=True)
class Limits:
    """Limits of a plan; None means no limit, for ``max_error`` the default one.

    ``max_error`` bounds the plan's predicted error: the sum of relative mean squared errors (noise to
    signal, no unit) of everything that the plan quantises. ``deadline_s`` bounds a frame's latency,
    ``period_s`` the slowest of edge, link and cloud, ``cloud_s`` the cloud's seconds, ``energy_j`` the
    edge's joules, its radio included. ``min_depth``: whatever is sent has passed at least so many layers
    (those that only move data do not count), so that with 1 the raw input never leaves the device.
    ``pinned`` maps layer names to the side they must run on. ``memory_model``: packed weights plus the true
    peak of ``live`` activations, or plus the largest single one as Auto-Split counts (``paper``).
    Raises UsageError on negative or NaN limits.
    """

    memory_bytes: int | None = None
    max_error: float | None = None
    deadline_s: float | None = None
    period_s: float | None = None
    energy_j: float | None = None
    cloud_s: float | None = None
    min_depth: int = 0
    pinned: Mapping[str, Literal["edge", "cloud"]] = field(default_factory=dict)
    memory_model: Literal["live", "paper"] = "live"

    def __post_init__(self) -> None:
        for name, value in (
            ("memory", self.memory_bytes),
            ("error", self.max_error),
            ("deadline", self.deadline_s),
            ("period", self.period_s),
            ("energy", self.energy_j),
            ("cloud", self.cloud_s),
            ("depth", self.min_depth),
        ):
            if value is not None and not value >= 0:
                raise UsageError(f"the {name} limit must be zero or more, not {value}")
        for layer, side in self.pinned.items():
            if side not in ("edge", "cloud"):
                raise UsageError(f"{layer} can be pinned to edge or cloud, not to {side!r}")

    @property
    def error_limit(self) -> float:
        """The error limit that is in force."""
        return DEFAULT_MAX_ERROR if self.max_error is None else self.max_error

    @property
    def depends_on_link(self) -> bool:
        """Whether a plan can meet the limits on one link and miss them on another."""
        return not (self.deadline_s is None and self.period_s is None and self.energy_j is None)


@dataclass(frozen=True)
class LimitStatus:
    """One limit, the value that the plan reaches, and the unit of both; ``limit`` None: not limited."""

    name: str
    limit: float | None
    value: float
    unit: str

    @property
    def slack(self) -> float | None:
        """What is left of the limit."""
        return None if self.limit is None else self.limit - self.value

    @property
    def met(self) -> bool:
        """Whether the value is within the limit; a part in a billion is rounding."""
        return self.limit is None or self.value <= self.limit * (1 + 1e-9)
