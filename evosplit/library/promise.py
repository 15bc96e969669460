"""Accuracy promise of the plans in a setting, judged on the setting's inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evosplit.library.progress import Progress, counting
from evosplit.library.setting import Setting
from evosplit.planner.accuracy_promise import Kept, Promise, asked_promise, keep, kept_line
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.problem import Problem
from evosplit.planner.table import plan_table
from evosplit.planner.table_promise import keep_table
from evosplit.shared.errors import InputError
from evosplit.shared.plan import Plan, PlanTable


@dataclass(frozen=True)
class Promised:
    """The problem whose plans keep what was asked, how, and lines about it."""

    kind: str
    promise: Promise
    kept: Kept
    notes: tuple[str, ...] = ()
    judge: Judge | None = None

    @property
    def data(self) -> dict[str, Any]:
        """What plans rest on and promise, as plain data; ``max_drop`` is a share."""
        return {
            "calibration": self.kind,
            "max_drop": self.promise.max_drop,
            "drop_is_shown": self.kept.is_shown,
        }


def keep_promise(
    setting: Setting,
    problem: Problem,
    max_drop: float | None,
    plans_of: Callable[[Problem], Sequence[Plan]],
    progress: Progress | None = None,
) -> Promised:
    """The problem restricted to what keeps ``max_drop`` (a share; None: the default).

    Raises InfeasibleError, and InputError for a drop that would have to be measured on noise.
    """
    promise, judge = _asked(setting, max_drop, progress)
    if setting.calibration.kind == "noise":
        return Promised("noise", promise, Kept(problem))
    return _promised(setting, promise, judge, keep(problem, promise, judge, plans_of))


def keep_table_promise(
    setting: Setting, problem: Problem, max_drop: float | None, progress: Progress | None = None
) -> tuple[PlanTable, Promised]:
    """The table of plans that keep ``max_drop``, admitted one by one. Raises as `keep_promise`."""
    promise, judge = _asked(setting, max_drop, progress)
    if setting.calibration.kind == "noise":
        return plan_table(problem), Promised("noise", promise, Kept(problem))
    table, kept = keep_table(problem, promise, judge)
    return table, _promised(setting, promise, judge, kept)


def promised_table(problem: Problem, promised: Promised) -> PlanTable:
    """The table beside a plan: by its promise, and its judge. Raises InfeasibleError."""
    if promised.kind == "noise":
        return plan_table(problem)
    return keep_table(problem, promised.promise, promised.judge)[0]


def without_drop(setting: Setting, problem: Problem) -> Promised:
    """For lists of what can be had: what errors are known for, and one line where they are not."""
    promise = Promise(None)
    kept = keep(problem, promise, None, lambda _: ())
    nominal = f"{setting.model.name}: {kept_line('none', promise, kept)}; errors are nominal"
    notes = () if problem.errors.samples else (nominal,)
    return Promised(setting.calibration.kind, promise, kept, notes)


def _asked(
    setting: Setting, max_drop: float | None, progress: Progress | None
) -> tuple[Promise, Judge | None]:
    if setting.calibration.kind == "noise":
        if max_drop is not None:
            raise InputError("an accuracy drop cannot be measured on noise: give calibration inputs")
        return Promise(None), None
    promise = asked_promise(max_drop, setting.limits.max_error)
    return promise, None if promise.max_drop is None else _judge(setting, progress)


def _promised(setting: Setting, promise: Promise, judge: Judge | None, kept: Kept) -> Promised:
    kind, name = setting.calibration.kind, setting.model.name
    notes = () if judge is None else (f"{name}: {_measured(setting)}",)
    return Promised(kind, promise, kept, (*notes, f"{name}: {kept_line(kind, promise, kept)}"), judge)


def _judge(setting: Setting, progress: Progress | None) -> Judge | None:
    count = counting(progress, f"accuracy of {setting.model.name}")
    return setting.calibration.judge(setting.model.graph, setting.threads, count)


def _measured(setting: Setting) -> str:
    inputs = setting.calibration.inputs
    labels, count = (None, 0) if inputs is None else (inputs.labels, len(inputs.feeds))
    what = "agreement with the float network" if labels is None else "accuracy"
    return f"measured {what} on {count} inputs"
