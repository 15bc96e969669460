"""What `--max-drop` measures plans with: the calibration inputs, their labels if any, and the model card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evosplit.cli.calibration import NOISE, Calibration
from evosplit.cli.output import stderr
from evosplit.cli.planning import Asked
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.accuracy_promise import Kept, PlansOf, Promise, asked_promise, keep, kept_line
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.problem import Problem
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph


@dataclass(frozen=True)
class Promised:
    """The problem whose plans keep what was asked, and how."""

    calibration: Calibration
    promise: Promise
    kept: Kept

    @property
    def data(self) -> dict[str, Any]:
        """What ``--json`` says of it."""
        return {
            "calibration": self.calibration.kind,
            "max_drop": self.promise.max_drop,
            "drop_is_shown": self.kept.is_shown,
        }


def keep_promise(
    problem: Problem, asked: Asked, calibration: Calibration, max_drop: float | None, plans_of: PlansOf
) -> Promised:
    """The problem restricted to what keeps ``max_drop`` (a share; None: the default), and one line about it.

    Raises InfeasibleError, and InputError for a drop that would have to be measured on noise.
    """
    if calibration.kind == NOISE:
        if max_drop is not None:
            raise InputError("an accuracy drop cannot be measured on noise: give calibration inputs")
        return Promised(calibration, Promise(None), Kept(problem))
    promise = asked_promise(max_drop, asked.limits.max_error)
    judge = None
    if promise.max_drop is not None:
        judge = accuracy_judge(problem.graph, calibration, problem.errors, asked.threads)
    kept = keep(problem, promise, judge, plans_of)
    stderr.print(f"{problem.graph.name}: {kept_line(calibration.kind, promise, kept)}")
    return Promised(calibration, promise, kept)


def offered_without_drop(problem: Problem) -> Problem:
    """For commands that list what can be had: what errors are known for; one line where they are not."""
    promise = Promise(None)
    kept = keep(problem, promise, None, lambda _: ())
    if not problem.errors.samples:
        stderr.print(f"{problem.graph.name}: {kept_line('none', promise, kept)}; errors are nominal")
    return kept.problem


def accuracy_judge(graph: Graph, calibration: Calibration, errors: ErrorTable, threads: int) -> Judge | None:
    """Measures drops as `evosplit.planner.drop.judges.judge_for`, None without calibration inputs."""
    inputs = calibration.inputs
    if inputs is None:
        return None
    what = "agreement with the float network" if inputs.labels is None else "accuracy"
    stderr.print(f"{graph.name}: measuring {what} on {len(inputs.feeds)} inputs")
    return judge_for(graph, calibration.card, inputs, errors, threads)
