"""Tensor costs: lifetime, depth, and bytes and error at every bit-width."""

from __future__ import annotations

from typing import Final

from evosplit.planner.problem.costs import Choice, TensorCost
from evosplit.planner.problem.planning_problem import Problem
from evosplit.planner.problem.wire_choices import RAW_INPUT_BITS, wire_choices
from evosplit.shared.graph import Graph, Tensor
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.wire import packed_size_bytes

MOVES: Final = frozenset(
    (
        *("Cast", "Concat", "DepthToSpace", "Dropout", "Flatten", "Gather", "Identity", "Pad", "Reshape"),
        *("Slice", "SpaceToDepth", "Split", "Squeeze", "Transpose", "Unsqueeze"),
    )
)
"""Operators whose output still shows the input as it was."""


def tensor_costs(problem: Problem) -> tuple[TensorCost, ...]:
    """Inputs of the model first, then in the order in which layers make them."""
    graph = problem.graph
    depths = tensor_depths(graph)
    return tuple(
        TensorCost(
            name=name,
            producer=producer,
            consumers=graph.consumers[name],
            last_use=_last_use(graph, name),
            depth=depths[name],
            activation=_activations(problem, graph.tensors[name], producer >= 0),
            wire=wire_choices(problem, graph.tensors[name]) if graph.consumers[name] else (),
        )
        for name, producer in graph.producer.items()
    )


def _last_use(graph: Graph, name: str) -> int:
    """The last layer while which a tensor is needed: an output of the model until the end."""
    if name in graph.outputs:
        return len(graph.layers) - 1
    return max(graph.consumers[name], default=graph.producer[name])


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
    is_picture = tensor.is_float and tensor.name not in problem.errors.plain_bytes
    if not made and is_picture and problem.edge_profile is None:
        return (Choice(RAW_INPUT_BITS, packed_size_bytes(tensor.shape, RAW_INPUT_BITS), 0.0),)
    if table is None or not made:
        return (Choice(FLOAT_BITS, tensor.size_bytes, 0.0),)
    errors = {**table.error, FLOAT_BITS: 0.0}
    offered = (bits for bits in problem.bits.activations if bits in errors)
    return tuple(Choice(bits, _memory_bytes(tensor, bits), errors[bits]) for bits in offered)


def _memory_bytes(tensor: Tensor, bits: int) -> int:
    return tensor.size_bytes if bits == FLOAT_BITS else packed_size_bytes(tensor.shape, bits)
