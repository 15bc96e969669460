"""Uniform bit assignments: the same bits for everything of a kind."""

from __future__ import annotations

from collections.abc import Iterable

from evosplit.planner.baselines.float_costs import RAW_INPUT_BITS
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.graph import Graph, make_cut
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.weight_sizes import quantised_weights


def uniform(problem: Problem, layers: Iterable[int], bits: int) -> Assignment:
    """``bits`` for weights and activations of the edge layers and for what crosses.

    What cannot be quantised stays as it is, and so do activations on a measured device, which executes
    them in float32; inputs of the model travel as 8-bit pictures.
    """
    graph = problem.graph
    chosen = sorted(layers)
    packed = quantised_weights(graph)
    return Assignment(
        layers=frozenset(chosen),
        weights={graph.layers[layer].name: _weights(graph, layer, packed, bits) for layer in chosen},
        activations=held_activations(graph, chosen, activation_bits(problem, bits)),
        wire={name: sent_bits(graph, name, bits) for name in make_cut(graph, chosen).boundary},
    )


def activation_bits(problem: Problem, bits: int) -> int:
    """``bits`` where the edge has integer units; a measured device runs activations in float32."""
    return bits if problem.edge_profile is None else FLOAT_BITS


def held_activations(graph: Graph, layers: Iterable[int], bits: int) -> dict[str, int]:
    """Bits in edge memory of the model's inputs (as they are) and of all that the layers make."""
    made = [name for layer in layers for name in graph.layers[layer].outputs]
    return {
        **dict.fromkeys(graph.inputs, FLOAT_BITS),
        **{name: bits if graph.tensors[name].is_float else FLOAT_BITS for name in made},
    }


def _weights(graph: Graph, layer: int, packed: dict[str, tuple[str, ...]], bits: int) -> int:
    return bits if graph.layers[layer].name in packed else FLOAT_BITS


def sent_bits(graph: Graph, tensor: str, bits: int) -> int:
    """``bits`` on the wire for what can be quantised, 8 for inputs of the model, 32 (plain) for integers."""
    if not graph.tensors[tensor].is_float:
        return FLOAT_BITS
    return RAW_INPUT_BITS if tensor in graph.inputs else bits
