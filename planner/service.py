"""Planning service: from two profiles and what is known of a network to a plan table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.accuracy_promise import Kept, Promise
from evosplit.planner.devices import Device
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.problem import Problem, offered_bits
from evosplit.planner.problem.device_pair import (
    coded_speed,
    economical_speed,
    measured_profile,
    plain_speed,
    transform_speed,
)
from evosplit.planner.problem.limits import Limits
from evosplit.planner.table_promise import keep_table
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.plan import PlanTable
from evosplit.shared.profile import Profile

METHOD: Final = "promises by agreement, plans admitted one by one, by errors or at one step"
"""How plans are chosen; an answer that was kept and chosen otherwise is made anew."""
_ANY_BANDWIDTH_BPS: Final = 1e6
"""A table covers all bandwidths; its problem needs one all the same."""


def service_problem(
    graph: Graph,
    edge: Profile | Device,
    cloud: Profile | Device,
    errors: ErrorTable,
    rtt_s: float,
    limits: Limits,
    encodings: Sequence[InputEncoding] = (),
    expectation: Expectation = NOTHING_SPARED,
) -> Problem:
    """What can be had between two devices over any link: pictures, tensors with and without a codec.

    ``expectation`` is what the edge's hooks and masks have spared so far.

    Raises ProfileError or UsageError.
    """
    return Problem(
        graph,
        edge,
        cloud,
        errors,
        Link(_ANY_BANDWIDTH_BPS, rtt_s),
        limits,
        offered_bits(edge),
        plain=plain_speed(edge, cloud),
        coded=coded_speed(edge, cloud),
        economical=economical_speed(edge, cloud),
        transform_s_per_mac=transform_speed(edge),
        encodings=edge_encodings(encodings, edge),
        expectation=expectation,
    )


def edge_encodings(encodings: Sequence[InputEncoding], edge: Profile | Device) -> tuple[InputEncoding, ...]:
    """The ways to send a picture that an edge has measured itself, with its own seconds to encode.

    On simulated devices coding takes no time, as published.
    """
    profile = measured_profile(edge)
    if profile is None:
        return tuple(replace(picture, encode_s=0.0, decode_s=0.0) for picture in encodings)
    seconds = profile.picture_s
    return tuple(
        replace(picture, encode_s=seconds[picture.name]) for picture in encodings if picture.name in seconds
    )


def kept_plans(problem: Problem, promise: Promise, judge: Judge | None) -> tuple[PlanTable, Kept]:
    """The plans over all bandwidths that keep a promise, and how it is kept.

    ``judge`` measures drops, None without inputs to do so. Pictures are judged by themselves. Raises
    InfeasibleError, ProfileError, InputError or UsageError.
    """
    return keep_table(problem, promise, judge)
