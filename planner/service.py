"""The whole way from two profiles and what is known of a network to a plan table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.accuracy_promise import Kept, Promise, keep
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.drop.pictures import table_with_errors
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.problem import Problem
from evosplit.planner.problem.device_pair import plain_speed
from evosplit.planner.problem.limits import Limits
from evosplit.planner.table import plan_table
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.plan import PlanTable
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices

METHOD: Final = "promises by agreement"
"""How plans are chosen; an answer that was kept and chosen otherwise is made anew."""
_ANY_BANDWIDTH_BPS: Final = 1e6
"""A table covers all bandwidths; its problem needs one all the same."""


def service_problem(
    graph: Graph,
    edge: Profile,
    cloud: Profile,
    errors: ErrorTable,
    rtt_s: float,
    limits: Limits,
    encodings: Sequence[InputEncoding] = (),
    expectation: Expectation = NOTHING_SPARED,
) -> Problem:
    """What an edge asks with its profile: pictures that it can make, tensors with and without a codec.

    ``expectation`` is what its hooks and masks have spared so far.

    Raises ProfileError or UsageError.
    """
    link = Link(_ANY_BANDWIDTH_BPS, rtt_s)
    offered = edge_encodings(encodings, edge)
    plain = plain_speed(edge, cloud)
    return Problem(
        graph, edge, cloud, errors, link, limits, plain=plain, encodings=offered, expectation=expectation
    )


def edge_encodings(measured: Sequence[InputEncoding], edge: Profile) -> tuple[InputEncoding, ...]:
    """The ways to send a picture that an edge has measured itself, with its own seconds to encode."""
    return tuple(
        replace(one, encode_s=edge.picture_s[one.name]) for one in measured if one.name in edge.picture_s
    )


def kept_plans(problem: Problem, promise: Promise, judge: Judge | None) -> tuple[PlanTable, Kept]:
    """The plans over all bandwidths that keep a promise, and how it is kept.

    ``judge`` measures drops, None without inputs to do so. Pictures are judged by themselves. Raises
    InfeasibleError, ProfileError, InputError or UsageError.
    """
    kept = keep(problem, promise, judge, lambda asked: choices(plan_table(asked)))
    return table_with_errors(plan_table(kept.problem), problem), kept
