"""Planning in a child process of low priority, so that frames served meanwhile do not wait for it.

``python -m evosplit.cloud.planning_process``: a `Task` as JSON on standard input, an `Outcome` as JSON on
standard output; what it logs goes to the parent's standard error.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.cloud.plan_service import PlanAnswer, PlanRequest
from evosplit.cloud.planning import Planner
from evosplit.cloud.registry import Model, load_model
from evosplit.cloud.storage.store import StorePlaces
from evosplit.shared import errors
from evosplit.shared.child_process import die_with_parent, step_back
from evosplit.shared.errors import EvoSplitError, ProfileError
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.shape_text import Shape

MODULE: Final = "evosplit.cloud.planning_process"


@dataclass(frozen=True)
class Task:
    """One question to a `Planner` that keeps its data in ``store``; the bundle goes to ``bundle``.

    Without a place for a bundle it is to learn more instead.
    """

    model: Path
    sha256: str
    shapes: Mapping[str, Shape]
    request: PlanRequest
    bundle: Path | None
    store: StorePlaces
    threads: int


@dataclass(frozen=True)
class Outcome:
    """The answer, or what is ``left`` to learn, or the name of an error's class and its line."""

    answer: PlanAnswer | None = None
    left: int = 0
    error: str = ""
    line: str = ""


@dataclass(frozen=True)
class PlanningProcess:
    """Plans as `Planner` does, each time in a process of its own; ``shapes`` are by model and input.

    One that is killed, for want of memory say, ends one request and nothing else. It runs ``module``.
    """

    store: StorePlaces
    threads: int
    shapes: Mapping[str, Mapping[str, Shape]]
    module: str = MODULE

    def __call__(self, model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
        """Plan and write the bundle to ``path``.

        Raises as `Planner`, and EvoSplitError where the process did not end well.
        """
        answer = self._outcome(model, request, path).answer
        if answer is None:
            raise EvoSplitError(f"planning for {model.name} gave no plans")
        return answer

    def learn(self, model: Model, request: PlanRequest) -> int:
        """As `Planner.learn`. Raises as that does, and EvoSplitError where the process did not end well."""
        return self._outcome(model, request, None).left

    def _outcome(self, model: Model, request: PlanRequest, path: Path | None) -> Outcome:
        shapes = self.shapes.get(model.name, {})
        task = Task(model.path, model.graph.sha256, shapes, request, path, self.store, self.threads)
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", self.module], input=to_json(task), stdout=subprocess.PIPE, check=False
        )
        if ended.returncode != 0:
            status = ended.returncode
            raise EvoSplitError(f"planning for {model.name} ended with status {status}; the log says more")
        outcome = from_json(Outcome, ended.stdout, EvoSplitError)
        if outcome.error:
            raise _error(outcome)
        return outcome


def work(task: Task) -> Outcome:
    """What the process does. An error of ours becomes a value; others rise, and end the process."""
    try:
        model = load_model(task.model, task.shapes)
        if model.graph.sha256 != task.sha256:
            raise ProfileError(f"{task.model.name} has changed since this cloud tier was started")
        planner = Planner(task.store.open_objects(), task.threads)
        if task.bundle is None:
            return Outcome(left=planner.learn(model, task.request))
        return Outcome(planner(model, task.request, task.bundle))
    except EvoSplitError as error:
        return Outcome(error=type(error).__name__, line=str(error))


def _error(outcome: Outcome) -> EvoSplitError:
    kind = getattr(errors, outcome.error, EvoSplitError)
    return kind(outcome.line) if issubclass(kind, EvoSplitError) else EvoSplitError(outcome.line)


def main() -> int:
    """The process. What a library prints is not to be taken for the outcome."""
    die_with_parent()
    step_back()
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    outcome = work(from_json(Task, sys.stdin.buffer.read(), ProfileError))
    with open(answer, "wb") as stream:  # noqa: PTH123 - a file descriptor has no path
        stream.write(to_json(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
