"""Strategies that name one plan of the table, or one picture codec, so that each can be measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evosplit.shared.errors import UsageError
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import Plan

STRATEGIES: Final = ("planned", "edge", "cloud-raw", "cloud-jpeg")
BY_DIGEST: Final = "plan:"
"""Followed by the first digits of a plan's digest."""
BY_CUT: Final = "cut:"
"""Followed by a cut's key: the fastest plan with that cut, over the link as it is now."""

BY_CODEC: Final = "picture:"
"""Followed by a codec: the picture at the network's size in it (``jpeg-70``, ``png``, ``raw8``)."""


def named_codec(text: str) -> str | None:
    """The codec of a strategy that names one; None for others. Raises UsageError for one that is none."""
    codec = text.removeprefix(BY_CODEC)
    if codec == text:
        return None
    if not is_picture(codec):
        raise UsageError(f"no codec {codec[:80]!r}; there are raw8, png and jpeg-1 to jpeg-100")
    return codec


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
