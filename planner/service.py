"""The whole way from two profiles and calibration inputs to a plan table and its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from planner.bundle import build_bundle
from planner.errors.table import measure_errors
from planner.errors.types import ErrorTable
from planner.problem import Problem
from planner.problem.limits import Limits
from planner.table import plan_table
from shared.graph import Graph
from shared.link import Link
from shared.plan import PlanTable
from shared.profile import Profile

_ANY_BANDWIDTH_BPS: Final = 1e6
"""A table covers all bandwidths; its problem needs one all the same."""


def make_plans(
    graph: Graph,
    edge_profile: Profile,
    cloud_profile: Profile,
    calibration: Sequence[Mapping[str, np.ndarray]],
    rtt_s: float,
    limits: Limits,
    card: Mapping[str, Any] | None,
    bundle_path: Path,
    errors: ErrorTable | None = None,
) -> tuple[PlanTable, str]:
    """Plan for one pair of devices, write the bundle, return the table and the bundle's digest.

    ``errors`` may be an earlier `measure_errors` of the same model; then ``calibration`` is not looked at.
    Raises InfeasibleError, ProfileError, InputError or UsageError.
    """
    table_of_errors = errors or measure_errors(graph, calibration)
    link = Link(_ANY_BANDWIDTH_BPS, rtt_s)
    problem = Problem(graph, edge_profile, cloud_profile, table_of_errors, link, limits)
    table = plan_table(problem)
    return table, build_bundle(graph, table, card, bundle_path)
