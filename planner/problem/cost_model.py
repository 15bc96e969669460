"""Cost model: what every layer and tensor of a problem takes at every bit-width on offer."""

from __future__ import annotations

from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.dominance import pruned
from evosplit.planner.problem.layer_costs import layer_costs
from evosplit.planner.problem.linear_bounds import accepts
from evosplit.planner.problem.planning_problem import Problem
from evosplit.planner.problem.tensor_costs import tensor_costs
from evosplit.shared.errors import ProfileError
from evosplit.shared.wire import frame_overhead_bytes


def problem_costs(problem: Problem) -> Costs:
    """The costs of a problem, with bit-widths that another one dominates left out.

    Raises ProfileError where no program can be made of them.
    """
    costs = every_choice(problem)
    costs = pruned(costs)
    if not accepts(costs):
        raise ProfileError(
            f"{problem.graph.name}: there are no layers, or a figure is negative or not finite"
        )
    return costs


def every_choice(problem: Problem) -> Costs:
    """The costs of a problem at every bit-width that it offers and its error table knows."""
    graph, limits, edge = problem.graph, problem.limits, problem.edge_profile
    named = {layer.name: layer.index for layer in graph.layers}
    return Costs(
        overhead_bytes=_frame_bytes(problem),
        layers=layer_costs(problem),
        tensors=tensor_costs(problem),
        limits=limits,
        pinned={named[name]: side == "edge" for name, side in limits.pinned.items()},
        prefix_only=problem.cuts == "prefix",
        objective=problem.objective,
        energy=problem.edge_energy,
        frame_s=edge.frame_s if edge else 0.0,
        prepare_s=edge.prepare_s if edge else 0.0,
        pack_s=edge.pack_s if edge else 0.0,
    )


def _frame_bytes(problem: Problem) -> int:
    """Every cut gets the longest key that is likely, so that the program stays linear."""
    return frame_overhead_bytes(str(len(problem.graph.layers)))
