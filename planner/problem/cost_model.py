"""From a problem to its costs: what every layer and tensor takes at every bit-width on offer."""

from __future__ import annotations

from dataclasses import replace

from evosplit.planner.problem.costs import Costs, LayerCost, Linear, TensorCost
from evosplit.planner.problem.device_pair import edge_energy, measured_profile
from evosplit.planner.problem.dominance import undominated
from evosplit.planner.problem.layer_costs import layer_costs
from evosplit.planner.problem.linear_bounds import Ways, ways
from evosplit.planner.problem.planning_problem import Problem
from evosplit.planner.problem.tensor_costs import tensor_costs
from evosplit.shared.wire import frame_overhead_bytes


def problem_costs(problem: Problem) -> Costs:
    """The costs of a problem, with bit-widths that another one dominates left out."""
    return pruned(every_choice(problem))


def pruned(costs: Costs) -> Costs:
    """Costs without choices that another one dominates: no optimum changes."""
    sized = costs.limits.memory_bytes is not None
    slopes: dict[str, list[float]] = {tensor.name: [] for tensor in costs.tensors}
    for row in (row for layer in costs.layers for row in _rows(layer)):
        for name, slope in row.per_bit.items():
            slopes[name].append(slope)
    return replace(
        costs,
        layers=tuple(_pruned_layer(layer, sized) for layer in costs.layers),
        tensors=tuple(_pruned_tensor(one, sized, ways(slopes[one.name])) for one in costs.tensors),
    )


def _rows(layer: LayerCost) -> tuple[Linear, ...]:
    return (*layer.edge_s, layer.energy_j)


def every_choice(problem: Problem) -> Costs:
    """The costs of a problem at every bit-width that it offers and its error table knows."""
    graph, limits, edge = problem.graph, problem.limits, measured_profile(problem.edge)
    named = {layer.name: layer.index for layer in graph.layers}
    return Costs(
        layers=layer_costs(problem),
        tensors=tensor_costs(problem),
        overhead_bytes=_frame_bytes(problem),
        limits=limits,
        pinned={named[name]: side == "edge" for name, side in limits.pinned.items()},
        prefix_only=problem.cuts == "prefix",
        objective=problem.objective,
        energy=edge_energy(problem.edge),
        frame_s=edge.frame_s if edge else 0.0,
        prepare_s=edge.prepare_s if edge else 0.0,
        pack_s=edge.pack_s if edge else 0.0,
    )


def _frame_bytes(problem: Problem) -> int:
    """Every cut gets the longest key that is likely, so that the program stays linear."""
    return frame_overhead_bytes(str(len(problem.graph.layers)))


def _pruned_layer(layer: LayerCost, sized: bool) -> LayerCost:
    cheaper = ways(row.per_weight_bit for row in _rows(layer))
    return replace(layer, weights=undominated(layer.weights, sized, cheaper=cheaper))


def _pruned_tensor(tensor: TensorCost, sized: bool, cheaper: Ways) -> TensorCost:
    """Fewer bits of an activation are always more ways to send it without further loss."""
    activation = undominated(tensor.activation, sized, cheaper=replace(cheaper, fewer=True))
    stored = tuple(choice.bits for choice in activation)
    pictures = undominated((one for one in tensor.wire if one.is_picture), True, stored)
    tensors = undominated((one for one in tensor.wire if not one.is_picture), True, stored)
    return replace(tensor, activation=activation, wire=(*tensors, *pictures))
