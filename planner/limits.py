"""What a plan may cost, and how a plan stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.errors import UsageError

DEFAULT_MAX_ERROR: Final = 0.001
"""The error limit when none is given; chosen by measurement, see docs/decisions/error-measure.md."""


@dataclass(frozen=True)
class Limits:
    """Limits of a plan; None for ``memory_bytes`` means no limit, for ``max_error`` the default one.

    ``max_error`` bounds the plan's predicted error: the sum of relative mean squared errors (noise to
    signal, no unit) of everything that the plan quantises. Raises UsageError on negative or NaN limits.
    """

    memory_bytes: int | None = None
    max_error: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("memory", self.memory_bytes), ("error", self.max_error)):
            if value is not None and not value >= 0:
                raise UsageError(f"the {name} limit must be zero or more, not {value}")

    @property
    def error_limit(self) -> float:
        """The error limit that is in force."""
        return DEFAULT_MAX_ERROR if self.max_error is None else self.max_error


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
