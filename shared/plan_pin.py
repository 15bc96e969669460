"""Plan pin: an operator's choice that frames keep to one plan, or to one cut, of a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.shared.errors import UsageError
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices, narrowed

FEWEST_DIGITS: Final = 4
"""A plan is named by so many first digits of its digest, or more."""


@dataclass(frozen=True)
class Pin:
    """A cut, and the ``digest`` of a plan where it is one plan of that cut alone."""

    cut_key: str
    digest: str | None = None


def pinned_plan(plans: Sequence[Plan], digits: str) -> Pin:
    """The one plan whose digest begins so. Raises UsageError where there is none, or another one, too."""
    if len(digits) < FEWEST_DIGITS:
        raise UsageError(f"a plan is named by {FEWEST_DIGITS} or more digits of its digest")
    named = {plan.digest: plan for plan in plans if plan.digest.startswith(digits)}
    if len(named) != 1:
        many = f"{len(named)} plans" if named else "no plan"
        raise UsageError(f"{many} {digits[:64]!r} in the table that may serve; GET /v1/plan shows it")
    (plan,) = named.values()
    return Pin(plan.cut_key, plan.digest)


def pinned_cut(plans: Sequence[Plan], key: str) -> Pin:
    """The plans with this cut. Raises UsageError where there are none."""
    if all(plan.cut_key != key for plan in plans):
        raise UsageError(f"no plan with the cut {key[:64]!r} may serve; GET /v1/plan shows the table")
    return Pin(key)


def held(plans: Sequence[Plan], pin: Pin) -> list[Plan]:
    """The pinned plan; where it is not among them, those of its cut."""
    exact = [plan for plan in plans if plan.digest == pin.digest]
    return exact or [plan for plan in plans if plan.cut_key == pin.cut_key]


def held_to(table: PlanTable, pin: Pin | None) -> PlanTable:
    """The table with the pinned plans alone; all of it where none of them is there."""
    kept = [] if pin is None else held(choices(table), pin)
    return narrowed(table, kept) if kept else table
