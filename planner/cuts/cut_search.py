"""Best plan over all cuts: bounds first, programs for the few cuts that bounds cannot settle.

Best first: a node is a cut, with some of the ways to send its tensors decided. Its Lagrangian bound either
reaches the best plan known, or one tensor more is decided, or (none is left) a program with that cut
settles it. Prices that are good for one cut bound all others too, which is what leaves most of them out.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.planner.cuts.cut_arrays import Geometry, geometry
from evosplit.planner.cuts.cut_bounds import Space
from evosplit.planner.cuts.cut_relaxation import Wires, assignment, relaxation, restricted, sent, ways
from evosplit.planner.cuts.lagrangian_bounds import Point, best_bound
from evosplit.planner.cuts.linear_objective import measure_for
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.spending import is_within, spending
from evosplit.planner.program import milp
from evosplit.planner.program.spending_limits import limit_bounds
from evosplit.shared.link import Link

SAME: Final = 1e-9
"""Values closer than this are equal: a nanosecond, or a nanojoule."""
FIRST_WINDOW: Final = 500
WINDOW: Final = 8000
MAX_NODES: Final = 600


@dataclass(frozen=True)
class Found:
    """The best assignment (None: there is none), and whether all others are proven no better."""

    chosen: Assignment | None
    proven: bool


def search(
    costs: Costs, link: Link, start: Assignment | None, shape: Geometry | None, solver: str | None
) -> Found:
    """The best plan of all cuts.

    ``start`` is one known beforehand, ``shape`` the costs' geometry if there is one already. Nothing is
    proven where there are too many cuts to look at each, or the objective is no sum.
    """
    measure, shape = measure_for(costs, link), shape or geometry(costs)
    if measure is None or shape is None:
        return Found(start, False)
    space = Space(costs, measure, shape)
    run = _Search(space, link, solver)
    if start is not None:
        run.offer(start)
    order = np.argsort(space.least, kind="stable")
    first, size = 0, FIRST_WINDOW
    while first < len(order):
        window = order[first : first + size]
        first, size = first + size, min(2 * size, WINDOW)
        if space.least[window[0]] >= run.value - SAME:
            break
        if not run.settle(window):
            return Found(run.best, False)
    return Found(run.best, True)


class _Search:
    def __init__(self, space: Space, link: Link, solver: str | None) -> None:
        self.space, self.link, self.solver = space, link, solver
        self.costs = space.costs
        self.best: Assignment | None = None
        self.value = math.inf
        self.nodes = self.programs = 0

    def offer(self, chosen: Assignment) -> None:
        """Take an assignment as the best one if it is within the limits and better."""
        cost = spending(self.costs, chosen)
        value = cost.value(self.link, self.costs.objective)
        if value < self.value and is_within(self.costs.limits, cost, self.link):
            self.best, self.value = chosen, value

    def settle(self, window: np.ndarray) -> bool:
        """Look at a number of cuts until none can be better; False: that takes too many nodes."""
        window = window[~self.space.is_hopeless(window)]
        peak, bounds = self.space.at_peak(window), self.space.least[window].copy()
        ticket = itertools.count()
        heap: list[tuple[float, int, int, Wires, Point | None]] = [
            (float(bound), next(ticket), place, {}, None) for place, bound in enumerate(bounds)
        ]
        heapq.heapify(heap)
        while heap:
            bound, _, place, wires, known = heapq.heappop(heap)
            if bound >= self.value - SAME:
                return True
            if bounds[place] > bound:  # raised meanwhile by the prices of another cut
                heapq.heappush(heap, (float(bounds[place]), next(ticket), place, wires, known))
                continue
            self.nodes += 1
            if self.nodes > MAX_NODES:
                return False
            cut = int(window[place])
            if known is None:
                point = self._bound(cut, peak[place], wires)
                if not wires and math.isfinite(point.bound) and (point.p or point.q):
                    bounds = np.maximum(bounds, self.space.bounds(window, peak, point.p, point.q))
                if point.bound < self.value - SAME:
                    heapq.heappush(heap, (max(bound, point.bound), next(ticket), place, wires, point))
                continue
            undecided = self._undecided(cut, wires)
            if undecided is None:
                self._program(cut, peak[place], wires, known)
                continue
            for choice in ways(self.space, cut, undecided, wires):
                heapq.heappush(heap, (bound, next(ticket), place, {**wires, undecided: choice}, None))
        return True

    def _bound(self, cut: int, peak: np.ndarray, wires: Wires) -> Point:
        relaxed = relaxation(self.space, cut, peak, wires)
        kept: list[Point] = []
        scale = float(self.space.fixed_cloud.sum() + self.space.fixed_edge.sum()) + abs(relaxed.fixed)
        point = best_bound(relaxed, self.value - SAME, kept.append, scale)
        for solution in sorted(kept, key=lambda solution: solution.value)[:2]:
            if solution.value < self.value - SAME:
                self.offer(assignment(self.space, cut, wires, solution))
        return point

    def _undecided(self, cut: int, wires: Wires) -> int | None:
        """The tensor whose way to be sent matters most, of those with a choice."""

        def spread(index: int) -> float:
            values = [
                self.space.measure.wire(self.costs, choice) for choice in ways(self.space, cut, index, {})
            ]
            return max(values) - min(values)

        left = [index for index in sent(self.space, cut) if len(ways(self.space, cut, index, wires)) > 1]
        return max(left, key=spread, default=None)

    def _program(self, cut: int, peak: np.ndarray, wires: Wires, point: Point) -> None:
        """Settle a cut: with few options per item at first, as many more as the result leaves open then.

        An option whose regret is above the gap between bound and best plan is in no better plan.
        """
        regrets = relaxation(self.space, cut, peak, wires).regrets(point.p, point.q)
        allowed = _first_regret(regrets)
        while True:
            allowed = min(allowed, self.value - point.bound)
            self._restricted(cut, wires, regrets, allowed)
            if self.value - point.bound <= allowed:
                return
            allowed = self.value - point.bound

    def _restricted(self, cut: int, wires: Wires, regrets: tuple[np.ndarray, ...], allowed: float) -> None:
        self.programs += 1
        layers = frozenset(map(int, np.flatnonzero(self.space.cuts[cut])))
        bounds = limit_bounds(self.costs.limits, layers)
        if self.best is not None:
            bounds = bounds.at_most(self.costs.objective, self.value - SAME)
        decided = restricted(self.space, cut, wires, regrets, allowed + SAME)
        goal = self.costs.objective
        solution = milp.solved(decided, self.link, goal, bounds, self.solver)
        if solution is not None:
            self.offer(solution)


def _first_regret(regrets: tuple[np.ndarray, ...]) -> float:
    """Such that about two more options remain than there are items with a choice."""
    every = np.concatenate([block.ravel() for block in regrets])
    positive = np.sort(every[every > 0])
    items = sum(int((block > 0).any(axis=1).sum()) for block in regrets)
    return float(positive[min(2 * items, len(positive) - 1)]) if len(positive) else math.inf
