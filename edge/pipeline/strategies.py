"""Strategies that name one plan of the table, so that plans can be measured one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evosplit.shared.errors import UsageError
from evosplit.shared.plan import Plan

STRATEGIES: Final = ("planned", "edge", "cloud-raw", "cloud-jpeg")
BY_DIGEST: Final = "plan:"
"""Followed by the first digits of a plan's digest."""
BY_CUT: Final = "cut:"
"""Followed by a cut's key: the fastest plan with that cut, over the link as it is now."""


def names_plan(text: str) -> bool:
    """Whether it is a strategy that names one plan."""
    return text.startswith((BY_DIGEST, BY_CUT))


def named_plans(plans: Sequence[Plan], strategy: str) -> list[Plan]:
    """The plans that a strategy names; none where it is no such strategy. Raises UsageError."""
    if not names_plan(strategy):
        return []
    digits, key = strategy.removeprefix(BY_DIGEST), strategy.removeprefix(BY_CUT)
    by_digest = strategy.startswith(BY_DIGEST)
    named = [p for p in plans if (p.digest.startswith(digits or "-") if by_digest else p.cut_key == key)]
    if not named:
        raise UsageError(f"no plan {strategy[:80]!r} in the table; GET /v1/plan shows it")
    return named
