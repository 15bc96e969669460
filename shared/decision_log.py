"""Decision log: what the plan rule was told and what it decided, one JSON object a line. Pure.

``start`` has the table and what earlier frames told, ``table`` another table, ``situation`` what is
new around (it holds until the next one), ``device`` says that its device was just read, ``learn`` what one
frame took, ``wanted`` and ``used`` a plan, ``frame`` a frame's plan and which others could be tried on it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import SerializerFunctionWrapHandler, model_serializer

from evosplit.shared.correction.corrections import Corrections, Measured
from evosplit.shared.correction.kalman_filter import Belief
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.correction.predicted_terms import Beside, terms_of
from evosplit.shared.edge_pace import EdgePace
from evosplit.shared.errors import UsageError
from evosplit.shared.plan import PlanTable
from evosplit.shared.replan import choices
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.situation import Situation


@dataclass(frozen=True)
class BeliefData:
    """A `Belief` with lists for arrays."""

    mean: list[float]
    cov: list[list[float]]
    prior: list[list[float]]
    noise: float
    run: int


@dataclass(frozen=True)
class CourseData:
    """A `Course` at a start: ``beliefs`` are edge, cloud, wire, share, prepare, request."""

    beside: Beside
    beliefs: tuple[BeliefData, BeliefData, BeliefData, BeliefData, BeliefData, BeliefData]
    tried: tuple[int, ...]
    frames: int
    last: int
    learns: bool
    pace: EdgePace


@dataclass(frozen=True)
class Line:
    """One event; ``plan`` is a digest, ``asked`` which plans could be tried (None: none was to be)."""

    event: Literal["start", "table", "situation", "device", "learn", "wanted", "used", "frame"]
    table: PlanTable | None = None
    course: CourseData | None = None
    situation: Situation | None = None
    measured: Measured | None = None
    plan: str | None = None
    asked: Mapping[str, bool] | None = None

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        data: dict[str, object] = write(self)
        return {name: value for name, value in data.items() if value is not None}


def line_text(line: Line) -> bytes:
    """A line of the log, with its end."""
    return to_json(line) + b"\n"


def parse_line(text: bytes) -> Line:
    """Raises UsageError for what is no line of a log."""
    return from_json(Line, text, UsageError)


def course_data(course: Course) -> CourseData:
    """A course as it is at a start, exactly."""
    known = course.known
    beliefs = (known.edge, known.cloud, known.wire, known.share, known.prepare, known.request)
    edge, cloud, wire, share, prepare, request = map(_belief_data, beliefs)
    return CourseData(
        known.terms.beside,
        (edge, cloud, wire, share, prepare, request),
        known.tried,
        known.frames,
        known.last,
        course.learns,
        course.pace,
    )


def course_of(data: CourseData, table: PlanTable) -> Course:
    """The course again, over the plans of its table."""
    edge, cloud, wire, share, prepare, request = map(_belief, data.beliefs)
    terms = terms_of(choices(table), data.beside)
    beliefs = Corrections(terms, edge, cloud, wire, share, prepare, request, data.tried)
    known = dataclasses.replace(beliefs, frames=data.frames, last=data.last)
    return Course(known, learns=data.learns, pace=data.pace)


def _belief_data(belief: Belief) -> BeliefData:
    arrays = (belief.mean.tolist(), belief.cov.tolist(), belief.prior.tolist())
    return BeliefData(*arrays, belief.noise, belief.run)


def _belief(data: BeliefData) -> Belief:
    arrays = (np.array(each, np.float64) for each in (data.mean, data.cov, data.prior))
    mean, cov, prior = arrays
    return Belief(mean, cov, prior, data.noise, data.run)
