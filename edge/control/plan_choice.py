"""Choice of the plan by an operator: pinned to a plan or a cut, or automatic."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from evosplit.edge.control.json_request import checked, json_object
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.shared.errors import UsageError
from evosplit.shared.plan_pin import Pin, pinned_cut, pinned_plan
from evosplit.shared.replan import choices

_WHAT = 'one of {"plan": DIGEST}, {"cut": KEY} and {"automatic": true}'


class ChoiceRequest(BaseModel):
    """Just one of them: a plan's digest or how it begins, a cut's key, or that plans change by themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    plan: str | None = None
    cut: str | None = None
    automatic: bool = False


def choice_request(content: bytes) -> ChoiceRequest:
    """Raises UsageError for what is no such request."""
    asked = checked(ChoiceRequest, json_object(content, _WHAT))
    if (asked.plan is not None) + (asked.cut is not None) + asked.automatic != 1:
        raise UsageError(f"send {_WHAT}")
    return asked


async def choose_plan(plans: CurrentPlan, content: bytes) -> None:
    """Pin what is asked, or let plans change again.

    A plan that broke its promise, or that the table lacks, cannot be pinned. Raises UsageError, BundleError,
    ModelError, StoreError; then all is as before.
    """
    await plans.hold_to(_pin(plans, choice_request(content)))


def plan_choice(plans: CurrentPlan) -> dict[str, Any]:
    """``is_kept`` says whether the plan in use is the pinned one, or one of its cut."""
    pin = plans.pin
    return {
        "automatic": pin is None,
        "plan": None if pin is None else pin.digest,
        "cut": None if pin is None else pin.cut_key,
        "is_kept": plans.keeps_to_pin,
    }


def _pin(plans: CurrentPlan, asked: ChoiceRequest) -> Pin | None:
    may_serve = choices(plans.serving.trusted)
    if asked.plan is not None:
        return pinned_plan(may_serve, asked.plan)
    return None if asked.cut is None else pinned_cut(may_serve, asked.cut)
