"""Search for the fastest plan whose accuracy drop holds, from the least accurate candidate on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from evosplit.planner.drop.estimate import Drop
from evosplit.planner.problem import Problem
from evosplit.shared.errors import InfeasibleError, UsageError
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import FLOAT_BITS, Plan

ERROR_LIMITS: Final = (*(f * 10.0**-e for e in range(6) for f in (10, 5, 2)), 1e-5, 0.0)
"""Candidates: the error limits that are tried, largest first; at 0 nothing is quantised."""

NO_DROP: Final = Drop(0, 1.0, 0.0, 0.0, 0.0, 0.0)
"""The drop of a plan that quantises nothing; no input has to show it."""

Judge: TypeAlias = Callable[[Plan, float], Drop]
"""The drop of a plan; it may stop early once the drop cannot be within the second argument."""


@dataclass(frozen=True)
class Choice:
    """An error limit whose plans all hold, and the worst drop among them."""

    max_error: float
    plans: tuple[Plan, ...]
    drop: Drop


def choose_limit(
    plans_at: Callable[[float], Sequence[Plan]],
    judge: Judge,
    max_drop: float,
    limits: Sequence[float] = ERROR_LIMITS,
) -> Choice:
    """The largest error limit at which all plans hold the drop; ``max_drop`` is a share (0.01: one point).

    ``plans_at(max_error)`` solves; a larger limit never makes a plan slower, so the first that holds has the
    fastest plans. Found by bisection behind the largest one: where drops do not fall with the limit it is a
    limit that holds, but not always the largest. Raises InfeasibleError where no limit holds within the other
    limits.
    """
    check_drop(max_drop)
    looks: list[Choice] = []
    low, high, tried = 0, len(limits), 0
    while low < high:
        try:
            looks.append(_look(limits[tried], plans_at, judge, max_drop))
        except InfeasibleError:
            if not looks:
                raise
            high = tried
        else:
            low, high = (low, tried) if looks[-1].drop.holds(max_drop) else (tried + 1, high)
        tried = (low + high) // 2
    held = [look for look in looks if look.drop.holds(max_drop)]
    if not held:
        raise none_holds([look.drop for look in looks], max_drop)
    return max(held, key=lambda look: look.max_error)


def _look(limit: float, plans_at: Callable[[float], Sequence[Plan]], judge: Judge, max_drop: float) -> Choice:
    plans = tuple(plans_at(limit))
    return Choice(limit, plans, _worst(plans, judge, max_drop))


def none_holds(drops: Sequence[Drop], max_drop: float) -> InfeasibleError:
    """What to raise where all plans that were looked at drop by more."""
    least = min(drops, key=lambda drop: drop.promised)
    return InfeasibleError(
        f"no plan within the other limits keeps the accuracy drop within {100 * max_drop:g} points: the most"
        f" accurate one may drop by {100 * least.promised:.2g} ({least.inputs} inputs)"
    )


def limited(problem: Problem, max_error: float) -> Problem:
    """The problem with another error limit."""
    return dataclasses.replace(problem, limits=dataclasses.replace(problem.limits, max_error=max_error))


def is_exact(plan: Plan) -> bool:
    """Whether a plan quantises nothing at all: its answers are the float network's own."""
    codes = plan.wire.values()
    packed = (*plan.weight_bits.values(), *plan.activation_bits.values(), *(code.bits for code in codes))
    return set(packed) <= {FLOAT_BITS} and not any(is_picture(code.codec) for code in codes)


def _worst(plans: Sequence[Plan], judge: Judge, max_drop: float) -> Drop:
    """The first drop that does not hold, or else the largest."""
    worst: Drop | None = None
    for plan in plans:
        drop = NO_DROP if is_exact(plan) else judge(plan, max_drop)
        if worst is None or drop.promised >= worst.promised:  # rather one that was measured
            worst = drop
        if not drop.holds(max_drop):
            break
    if worst is None:
        raise UsageError("there are no plans to measure")
    return worst


def check_drop(max_drop: float) -> None:
    """Raise UsageError for what is no share to lose."""
    if not 0 <= max_drop < 1:
        raise UsageError(f"the accuracy drop must be from 0 up to 100 points, not {100 * max_drop:g}")
