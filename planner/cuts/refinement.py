"""Lexicographic refinement: options that can still make a plan more accurate at no greater objective."""

from __future__ import annotations

import numpy as np

from evosplit.planner.cuts.cut_arrays import shape_of
from evosplit.planner.cuts.cut_bounds import Space
from evosplit.planner.cuts.cut_relaxation import relaxation, restricted
from evosplit.planner.cuts.lagrangian_bounds import best_bound
from evosplit.planner.cuts.linear_objective import measure_for
from evosplit.planner.problem.costs import Costs
from evosplit.shared.link import Link

_GAP = 1e-3
"""Of the least error, as in `evosplit.planner.program.milp`."""


def accurate_costs(
    costs: Costs, link: Link, layers: frozenset[int], value: float, error: float
) -> Costs | None:
    """The costs without options that no plan of less than ``error`` has; None: there is no such plan.

    For an objective that is no sum, all of the costs. The plans looked at run ``layers`` on the edge and take
    at most ``value``. The bound is that of `evosplit.planner.cuts.lagrangian_bounds` with error and value
    swapped.
    """
    measure = measure_for(costs, link)
    if measure is None:
        return costs
    on_edge = np.array([[index in layers for index in range(len(costs.layers))]])
    space = Space(costs, measure, shape_of(costs, on_edge))
    peak = space.at_peak(np.array([0]))[0]
    relaxed = relaxation(space, 0, peak, {}).swapped(value)
    point = best_bound(relaxed, error * (1 - _GAP), lambda _: None, error)
    if point.bound >= error * (1 - _GAP):
        return None
    return restricted(space, 0, {}, relaxed.regrets(point.p, point.q), error - point.bound + 1e-12)
