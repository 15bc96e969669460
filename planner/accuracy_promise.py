"""Accuracy promise of a plan: which plans may be offered, by what is known of real inputs.

`docs/decisions/accuracy-drop.md` says what is promised and why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from evosplit.planner.drop.accuracy import (
    ERROR_LIMITS,
    Choice,
    Judge,
    check_drop,
    choose_limit,
    is_exact,
    limited,
)
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.one_step_plans import one_step_of_a_link
from evosplit.planner.drop.pictures import admitted
from evosplit.planner.encodings.encoding_costs import LOSSLESS
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import FLOAT_BITS, Plan

DEFAULT_MAX_DROP: Final = 0.01
"""What plans may cost when nothing else is said: one point."""
SAFE_BITS: Final = BitChoices((FLOAT_BITS,), (FLOAT_BITS,), (8, 16, FLOAT_BITS))
"""Float heads, and codes over each frame's own range: nothing that calibration would have to tell."""

PlansOf: TypeAlias = Callable[[Problem], Sequence[Plan]]
"""All plans that whoever asks may get of a problem. Raises InfeasibleError."""


@dataclass(frozen=True)
class Promise:
    """``max_drop`` is a share, None where an error limit alone is asked for.

    Strict: plans that cannot be shown to keep it are not offered. Otherwise it is the default, and best
    effort: with too few inputs to show it, plans are as safe as `SAFE_BITS`. Raises UsageError.
    """

    max_drop: float | None
    is_strict: bool = False

    def __post_init__(self) -> None:
        if self.max_drop is not None:
            check_drop(self.max_drop)


@dataclass(frozen=True)
class Kept:
    """The problem whose plans keep a promise; whether that was shown, by which choice, on real inputs.

    ``shown`` of a table's plans that were admitted one by one: how many of them were shown to keep it.
    """

    problem: Problem
    is_shown: bool = False
    choice: Choice | None = None
    shown: int | None = None


def asked_promise(max_drop: float | None, max_error: float | None) -> Promise:
    """A drop that is given is strict; the default holds where neither it nor an error limit is given."""
    if max_drop is not None:
        return Promise(max_drop, is_strict=True)
    return Promise(DEFAULT_MAX_DROP if max_error is None else None)


def keep(problem: Problem, promise: Promise, judge: Judge | None, plans_of: PlansOf) -> Kept:
    """Restrict a problem so that its plans keep the promise. ``judge`` None: there are no inputs to judge by.

    Raises InfeasibleError where the other limits leave no plan, or none that keeps a strict promise.
    """
    if judge is None or promise.max_drop is None:
        return unjudged(problem, promise)
    judged = admitted(problem, judge, promise.max_drop)
    try:
        choice = _first_that_holds(judged, judge, promise.max_drop, plans_of, ERROR_LIMITS)
    except InfeasibleError:
        if promise.is_strict:
            raise
        return _as_safe_as_can_be(judged, judge, promise.max_drop, plans_of)
    faster = one_step_of_a_link(judged, judge, promise.max_drop, plans_of, choice)
    shown, choice = faster or (limited(judged, choice.max_error), choice)
    if promise.is_strict or not all(map(is_safe, choice.plans)):
        return Kept(shown, True, choice)
    return _as_safe_as_can_be(judged, judge, promise.max_drop, plans_of)


def safe(problem: Problem) -> Problem:
    """The problem with `SAFE_BITS` and pictures without loss alone."""
    lossless = tuple(encoding for encoding in problem.encodings if encoding.name in LOSSLESS)
    return replace(problem, bits=SAFE_BITS, encodings=lossless, coded=None, economical=None)


def is_safe(plan: Plan) -> bool:
    """Whether a plan keeps to `SAFE_BITS` and loses nothing of a picture."""
    head = (*plan.weight_bits.values(), *plan.activation_bits.values())
    codes = plan.wire.values()
    return set(head) <= {FLOAT_BITS} and all(
        code.bits in SAFE_BITS.wire and (code.codec in LOSSLESS or not is_picture(code.codec))
        for code in codes
    )


def unjudged(problem: Problem, promise: Promise) -> Kept:
    """What may be offered without inputs to judge by.

    A strict drop leaves nothing to quantise; an error limit needs errors that are known.
    """
    if promise.max_drop is None:
        return Kept(problem if problem.errors.samples else safe(problem))
    return Kept(limited(safe(problem), 0.0), True) if promise.is_strict else Kept(safe(problem))


def _first_that_holds(
    problem: Problem, judge: Judge, max_drop: float, plans_of: PlansOf, limits: Sequence[float]
) -> Choice:
    """The largest error limit, at most the problem's own, at which all plans hold."""
    own = problem.limits.max_error
    tried = limits if own is None else [own, *(limit for limit in limits if limit < own)]
    return choose_limit(lambda limit: plans_of(limited(problem, limit)), judge, max_drop, tried)


def _as_safe_as_can_be(problem: Problem, judge: Judge, max_drop: float, plans_of: PlansOf) -> Kept:
    """Safe plans unless the inputs speak against them; if no safe one fits, the most accurate ones.

    They are what serves without any input, so that few inputs, which cannot show a drop, must not make plans
    slower: what counts is the drop that is measured and expected, not how much more it might be.
    """

    def on_these(plan: Plan, most: float) -> Drop:
        drop = judge(plan, most)
        return replace(drop, upper=drop.expected)

    usual = [limit for limit in ERROR_LIMITS if limit <= DEFAULT_MAX_ERROR]
    try:
        choice = _first_that_holds(safe(problem), on_these, max_drop, plans_of, usual)
    except InfeasibleError:
        return Kept(most_accurate(problem, plans_of))
    is_shown = all(map(is_exact, choice.plans))
    return Kept(limited(safe(problem), choice.max_error), is_shown, choice)


def most_accurate(problem: Problem, plans_of: PlansOf) -> Problem:
    """The smallest error limit that the other limits leave a plan for. Raises InfeasibleError for none."""
    *smaller, largest = sorted(ERROR_LIMITS)
    for limit in smaller:
        try:
            plans_of(limited(problem, limit))
        except InfeasibleError:
            continue
        return limited(problem, limit)
    plans_of(limited(problem, largest))
    return limited(problem, largest)


def kept_line(kind: str, promise: Promise, kept: Kept) -> str:
    """What plans rest on and promise, in one line for people."""
    points = "" if promise.max_drop is None else f"a drop of at most {100 * promise.max_drop:g} points"
    if kept.problem.errors.samples == 0:
        how = "nothing is quantised" if kept.is_shown else "float weights, 8 bits or more on the wire"
        return f"no calibration inputs, so {how}, and bytes are counted uncompressed"
    if not points:
        return f"calibration: {kind}; plans keep the error limit and promise no accuracy"
    if kept.choice is None and kept.problem.bits == SAFE_BITS:
        how = "nothing is quantised" if kept.is_shown else "float weights, 8 bits or more on the wire"
        return f"calibration: {kind}; there are no inputs to show {points} on, so {how}"
    if kept.choice is None:
        return f"calibration: {kind}; {points} is not shown, so plans are as accurate as the limits allow"
    drop = kept.choice.drop
    if kept.shown is not None and not kept.is_shown and kept.shown:
        return (
            f"calibration: {kind}; {points} holds for {kept.shown} of {len(kept.choice.plans)} plans, the"
            f" others have float weights and 8 bits or more on the wire: {drop.measured:.2%} measured at most"
        )
    seen = f"{drop.measured:.2%} measured, at most {drop.upper:.2%} expected elsewhere"
    if kept.is_shown:
        return f"calibration: {kind}; {points} holds: {seen} (error limit {kept.choice.max_error:g})"
    return (
        f"calibration: {kind}; too little to show {points}, so float weights and 8 bits or more on the wire:"
        f" {drop.measured:.2%} measured on {drop.inputs} inputs"
    )
