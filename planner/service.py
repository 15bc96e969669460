"""The whole way from two profiles and what is known of a network to a plan table and its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from kernels.errors.types import ErrorTable
from planner.bundle import build_bundle
from planner.drop.accuracy import Judge, limited, within_drop
from planner.drop.pictures import admitted, table_with_errors
from planner.encodings import InputEncoding
from planner.problem import Problem
from planner.problem.limits import Limits
from planner.problem.sides import plain_speed
from planner.table import plan_table
from shared.expectation import NOTHING_SPARED, Expectation
from shared.graph import Graph
from shared.link import Link
from shared.plan import PlanTable
from shared.profile import Profile

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


def make_plans(
    problem: Problem,
    card: Mapping[str, Any] | None,
    bundle_path: Path,
    judge: Judge | None = None,
    max_drop: float | None = None,
) -> tuple[PlanTable, str]:
    """Plan over all bandwidths, write the bundle, return the table and the bundle's digest.

    With ``max_drop`` (a share) the error limit is the largest at which all plans of the table hold it, as
    ``judge`` measures them; pictures are judged by themselves. Raises InfeasibleError, ProfileError,
    InputError or UsageError.
    """
    if judge is None or max_drop is None:
        table = plan_table(problem)
    else:
        judged = admitted(problem, judge, max_drop)
        limit = within_drop(judged, judge, max_drop).max_error
        table = table_with_errors(plan_table(limited(judged, limit)), problem)
    return table, build_bundle(problem.graph, table, card, bundle_path)
