"""Layer costs on either side, at every bit-width of their weights."""

from __future__ import annotations

from collections.abc import Mapping

from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.layer_timing import INTEGER_BITS, LayerTiming
from evosplit.planner.problem.costs import Choice, LayerCost, Linear
from evosplit.planner.problem.planning_problem import Problem
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.weight_sizes import layer_weight_bytes


def layer_costs(problem: Problem) -> tuple[LayerCost, ...]:
    """In execution order."""
    graph = problem.graph
    sizes = layer_weight_bytes(graph, problem.bits.weights)
    rows = zip(graph.layers, sizes, problem.edge_timings, problem.cloud_s, strict=True)
    return tuple(
        LayerCost(
            name=layer.name,
            cloud_s=cloud_s,
            weights=_weights(problem, layer.name, size),
            edge_s=_seconds(timing),
            energy_j=_joules(timing, problem.edge_energy),
        )
        for layer, size, timing, cloud_s in rows
    )


def _seconds(timing: LayerTiming) -> tuple[Linear, ...]:
    """The rows whose largest is the layer's time: docs/devices.md."""
    if timing.border_s or timing.integer_s is not None:
        return _integer_rows(timing)
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


def _integer_rows(timing: LayerTiming) -> tuple[Linear, ...]:
    """The time between 8 bits and 32, exact at both: the largest row is that of something with the most bits.

    Its own row goes from the integer time to the float time with a border at every other tensor; the borders
    of tensors that have 32 bits as well are taken off.
    """
    span, borders = FLOAT_BITS - INTEGER_BITS, timing.border_s
    float_s = timing.launch_s + timing.compute_s
    if timing.integer_s is None:
        return (_sloped(float_s + sum(borders.values()), {name: -s / span for name, s in borders.items()}),)
    integer_s = timing.launch_s + timing.integer_s
    rows = [Linear(integer_s)]
    for own in (None, *timing.integer_tensors):
        others = {name: s for name, s in borders.items() if name != own}
        gain = (float_s + sum(others.values()) - integer_s) / span
        per_bit = {name: -s / span for name, s in others.items()} | ({own: gain} if own else {})
        rows.append(_sloped(integer_s, per_bit, 0.0 if own else gain))
    return tuple(rows)


def _sloped(at_integers_s: float, per_bit: Mapping[str, float], per_weight_bit: float = 0.0) -> Linear:
    """A row by its value where everything has 8 bits."""
    return Linear(
        at_integers_s - INTEGER_BITS * (per_weight_bit + sum(per_bit.values())), per_weight_bit, per_bit
    )


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
    errors = {**table.error, FLOAT_BITS: 0.0}
    return tuple(Choice(bits, sizes[bits], errors[bits]) for bits in problem.bits.weights if bits in errors)
