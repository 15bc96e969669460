"""From a problem to its costs: what every layer and tensor takes at every bit-width on offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from planner.devices.energy import Energy
from planner.devices.timing import LayerTiming
from planner.problem import Problem
from planner.problem.costs import Choice, Costs, LayerCost, Linear, TensorCost, undominated
from planner.problem.packing import layer_weight_bytes
from planner.problem.sides import cloud_seconds, edge_energy, edge_timings, measured_profile
from planner.problem.wire_choices import RAW_INPUT_BITS, wire_choices
from shared.graph import Graph, Tensor
from shared.plan import FLOAT_BITS
from shared.wire import frame_overhead_bytes, packed_size_bytes

MOVES: Final = frozenset(
    (
        *("Cast", "Concat", "DepthToSpace", "Dropout", "Flatten", "Gather", "Identity", "Pad", "Reshape"),
        *("Slice", "SpaceToDepth", "Split", "Squeeze", "Transpose", "Unsqueeze"),
    )
)
"""Operators whose output still shows the input as it was."""


def problem_costs(problem: Problem) -> Costs:
    """The costs of a problem, with bit-widths that another one dominates left out."""
    costs = every_choice(problem)
    sized = problem.limits.memory_bytes is not None
    layers = tuple(_pruned_layer(layer, sized) for layer in costs.layers)
    return replace(costs, layers=layers, tensors=tuple(_pruned_tensor(one, sized) for one in costs.tensors))


def every_choice(problem: Problem) -> Costs:
    """The costs of a problem at every bit-width that it offers and its error table knows."""
    graph, limits = problem.graph, problem.limits
    named = {layer.name: layer.index for layer in graph.layers}
    return Costs(
        layers=_layer_costs(problem),
        tensors=_tensor_costs(problem),
        overhead_bytes=_frame_bytes(problem),
        limits=limits,
        pinned={named[name]: side == "edge" for name, side in limits.pinned.items()},
        prefix_only=problem.cuts == "prefix",
        objective=problem.objective,
        energy=edge_energy(problem.edge),
    )


def _frame_bytes(problem: Problem) -> int:
    """Every cut gets the longest key that is likely, so that the program stays linear."""
    return frame_overhead_bytes(str(len(problem.graph.layers)))


def _pruned_layer(layer: LayerCost, sized: bool) -> LayerCost:
    moves = any(row.per_weight_bit for row in (*layer.edge_s, layer.energy_j))
    return replace(layer, weights=undominated(layer.weights, sized, bits_matter=moves))


def _pruned_tensor(tensor: TensorCost, sized: bool) -> TensorCost:
    """Fewer bits of an activation are less traffic, and more ways to send it without further loss."""
    activation = undominated(tensor.activation, sized, bits_matter=True)
    stored = tuple(choice.bits for choice in activation)
    return replace(tensor, activation=activation, wire=undominated(tensor.wire, True, stored))


def _layer_costs(problem: Problem) -> tuple[LayerCost, ...]:
    graph = problem.graph
    sizes = layer_weight_bytes(graph, problem.bits.weights)
    rows = zip(
        graph.layers,
        sizes,
        edge_timings(problem.edge, graph),
        cloud_seconds(problem.cloud, graph),
        strict=True,
    )
    energy = edge_energy(problem.edge)
    return tuple(
        LayerCost(
            name=layer.name,
            cloud_s=cloud_s,
            weights=_weights(problem, layer.name, size),
            edge_s=_seconds(timing),
            energy_j=_joules(timing, energy),
        )
        for layer, size, timing, cloud_s in rows
    )


def _seconds(timing: LayerTiming) -> tuple[Linear, ...]:
    """The rows whose largest is the layer's time: docs/devices.md."""
    exposed = timing.weight_s_per_bit if timing.weights_first else 0.0
    hidden_s = 0.0 if timing.overlap else timing.compute_s
    traffic = Linear(
        timing.launch_s + hidden_s + timing.fixed_s, timing.weight_s_per_bit, timing.activation_s_per_bit
    )
    compute = Linear(timing.launch_s + timing.compute_s, exposed)
    moves = traffic.per_weight_bit or any(traffic.per_bit.values()) or timing.fixed_s
    if not moves:
        return (compute,)
    return (compute, traffic) if timing.overlap else (traffic,)


def _joules(timing: LayerTiming, energy: Energy | None) -> Linear:
    if energy is None:
        return Linear(0.0)
    per_bit: dict[str, float] = {}
    for name, elements in (*timing.input_elements, *timing.output_elements):
        per_bit[name] = per_bit.get(name, 0.0) + elements / 8 * energy.memory_j_per_byte
    fixed_j = energy.layer_j(timing.macs, timing.fixed_bytes)
    return Linear(fixed_j, timing.weight_elements / 8 * energy.memory_j_per_byte, per_bit)


def _weights(problem: Problem, layer: str, sizes: Mapping[int, int]) -> tuple[Choice, ...]:
    if not any(sizes.values()):
        return ()
    table = problem.errors.weights.get(layer)
    if table is None:  # nothing in it can be quantised
        return (Choice(FLOAT_BITS, sizes[FLOAT_BITS], 0.0),)
    return tuple(
        Choice(bits, sizes[bits], _error(table.error, bits))
        for bits in known_bits(problem.bits.weights, table.error)
    )


def known_bits(offered: tuple[int, ...], errors: Mapping[int, float]) -> list[int]:
    """Of the widths on offer, those with an error."""
    return [bits for bits in offered if bits == FLOAT_BITS or bits in errors]


def _error(by_bits: Mapping[int, float], bits: int) -> float:
    return 0.0 if bits == FLOAT_BITS else by_bits[bits]


def _tensor_costs(problem: Problem) -> tuple[TensorCost, ...]:
    graph = problem.graph
    made = {name: layer.index for layer in graph.layers for name in layer.outputs}
    readers: dict[str, list[int]] = {name: [] for name in (*graph.inputs, *made)}
    for layer in graph.layers:
        for name in dict.fromkeys(layer.inputs):
            readers[name].append(layer.index)
    depths = tensor_depths(graph)
    return tuple(
        TensorCost(
            name=name,
            producer=made.get(name, -1),
            consumers=tuple(found),
            last_use=len(graph.layers) - 1
            if name in graph.outputs
            else max(found, default=made.get(name, -1)),
            depth=depths[name],
            activation=_activations(problem, graph.tensors[name], name in made),
            wire=wire_choices(problem, graph.tensors[name]) if found else (),
        )
        for name, found in readers.items()
    )


def tensor_depths(graph: Graph) -> dict[str, int]:
    """Tensor -> the fewest layers between the model's inputs and it; `MOVES` do not count."""
    depths = dict.fromkeys(graph.inputs, 0)
    far = len(graph.layers) + 1
    for layer in graph.layers:
        nearest = min((depths[name] for name in layer.inputs), default=far)
        counts = any(op not in MOVES for op in (layer.op, *layer.fused))
        depths |= dict.fromkeys(layer.outputs, nearest + int(counts))
    return depths


def _activations(problem: Problem, tensor: Tensor, made: bool) -> tuple[Choice, ...]:
    """Integer tensors stay as they are, inputs of the model too; a simulated device takes 8-bit pictures."""
    table = problem.errors.activations.get(tensor.name)
    if not made and tensor.is_float and measured_profile(problem.edge) is None:
        return (Choice(RAW_INPUT_BITS, packed_size_bytes(tensor.shape, RAW_INPUT_BITS), 0.0),)
    if table is None or not made:
        return (Choice(FLOAT_BITS, tensor.size_bytes, 0.0),)
    return tuple(
        Choice(bits, _memory_bytes(tensor, bits), _error(table.error, bits))
        for bits in known_bits(problem.bits.activations, table.error)
    )


def _memory_bytes(tensor: Tensor, bits: int) -> int:
    return tensor.size_bytes if bits == FLOAT_BITS else packed_size_bytes(tensor.shape, bits)
