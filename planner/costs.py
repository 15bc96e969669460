"""A problem as plain numbers: seconds, bytes and errors per layer, tensor and bit-width.

Nothing here depends on the bandwidth, so one `Costs` serves a whole plan table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from planner.packing import layer_weight_bytes
from planner.problem import Problem
from shared.graph import Tensor
from shared.plan import FLOAT_BITS
from shared.wire import frame_overhead_bytes, packed_size_bytes, tensor_overhead_bytes


@dataclass(frozen=True)
class Choice:
    """One bit-width of one thing: its bytes, its error, and the edge seconds that it adds."""

    bits: int
    size_bytes: int
    error: float
    edge_s: float = 0.0


@dataclass(frozen=True)
class LayerCost:
    """A layer on either side. ``weights`` is empty for a layer without weights."""

    name: str
    edge_s: float
    cloud_s: float
    weights: tuple[Choice, ...]


@dataclass(frozen=True)
class TensorCost:
    """A tensor: made by layer ``producer`` (-1: an input of the model), read by ``consumers``.

    ``activation`` are its choices in edge memory; ``wire`` on the wire, where each also takes ``encode_s``
    on the edge and ``decode_s`` in the cloud. It is alive from layer ``producer`` to ``last_use``.
    """

    name: str
    producer: int
    consumers: tuple[int, ...]
    last_use: int
    activation: tuple[Choice, ...]
    wire: tuple[Choice, ...]
    encode_s: float
    decode_s: float


@dataclass(frozen=True)
class Costs:
    """The numbers of one problem. ``overhead_bytes`` is that of a frame without tensors."""

    layers: tuple[LayerCost, ...]
    tensors: tuple[TensorCost, ...]
    overhead_bytes: int
    memory_bytes: int | None
    max_error: float
    prefix_only: bool


def problem_costs(problem: Problem) -> Costs:
    """The costs of a problem, with bit-widths that another one dominates left out."""
    costs = every_choice(problem)
    sized = problem.limits.memory_bytes is not None
    layers = (replace(layer, weights=undominated(layer.weights, sized)) for layer in costs.layers)
    tensors = (
        replace(
            tensor,
            activation=undominated(tensor.activation, sized),
            wire=undominated(tensor.wire, True),
        )
        for tensor in costs.tensors
    )
    return replace(costs, layers=tuple(layers), tensors=tuple(tensors))


def every_choice(problem: Problem) -> Costs:
    """The costs of a problem at every bit-width that it offers and its error table knows."""
    graph = problem.graph
    return Costs(
        layers=_layer_costs(problem),
        tensors=_tensor_costs(problem),
        # Every prefix gets the longest key, so that the program stays linear: 3 bytes too many at most.
        overhead_bytes=frame_overhead_bytes(str(len(graph.layers))),
        memory_bytes=problem.limits.memory_bytes,
        max_error=problem.limits.error_limit,
        prefix_only=problem.cuts == "prefix",
    )


def undominated(choices: Iterable[Choice], size_matters: bool) -> tuple[Choice, ...]:
    """Choices that no other one beats or equals in size, error and time at once, most bits first.

    Leaving the others out does not change the optimum: each has a replacement that is no worse in
    anything. Where size does not matter (no memory limit), it is not compared.
    """
    kept: list[Choice] = []
    for choice in sorted(choices, key=lambda choice: -choice.bits):
        mine = _merits(choice, size_matters)
        if not any(_no_worse(_merits(other, size_matters), mine) for other in kept):
            kept = [other for other in kept if not _no_worse(mine, _merits(other, size_matters))]
            kept.append(choice)
    return tuple(kept)


def _merits(choice: Choice, size_matters: bool) -> tuple[float, ...]:
    return (choice.error, choice.edge_s, choice.size_bytes if size_matters else 0.0)


def _no_worse(mine: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in zip(mine, other, strict=True))


def _layer_costs(problem: Problem) -> tuple[LayerCost, ...]:
    edge_s, cloud_s = problem.edge.head_layer_s(), problem.cloud.tail_layer_s()
    sizes = layer_weight_bytes(problem.graph, problem.bits.weights)
    return tuple(
        LayerCost(layer.name, edge_s[layer.index], cloud_s[layer.index], _weights(problem, layer.name, size))
        for layer, size in zip(problem.graph.layers, sizes, strict=True)
    )


def _weights(problem: Problem, layer: str, sizes: dict[int, int]) -> tuple[Choice, ...]:
    if not any(sizes.values()):
        return ()
    table = problem.errors.weights.get(layer)
    if table is None:  # nothing in it can be quantised
        return (Choice(FLOAT_BITS, sizes[FLOAT_BITS], 0.0),)
    return tuple(
        Choice(bits, sizes[bits], _error(table.error, bits))
        for bits in _known(problem.bits.weights, table.error)
    )


def _known(offered: tuple[int, ...], errors: Mapping[int, float]) -> list[int]:
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
    return tuple(
        _tensor_cost(problem, graph.tensors[name], made.get(name, -1), tuple(found))
        for name, found in readers.items()
    )


def _tensor_cost(problem: Problem, tensor: Tensor, producer: int, consumers: tuple[int, ...]) -> TensorCost:
    keeps = tensor.name in problem.graph.outputs
    last_use = len(problem.graph.layers) - 1 if keeps else max(consumers, default=producer)
    return TensorCost(
        name=tensor.name,
        producer=producer,
        consumers=consumers,
        last_use=last_use,
        activation=_activations(problem, tensor, producer),
        wire=_wire(problem, tensor) if consumers else (),
        encode_s=problem.edge.encode_s_per_byte * tensor.size_bytes,
        decode_s=problem.cloud.decode_s_per_byte * tensor.size_bytes,
    )


def _activations(problem: Problem, tensor: Tensor, producer: int) -> tuple[Choice, ...]:
    """Integer tensors and inputs of the model stay as they are."""
    table = problem.errors.activations.get(tensor.name)
    if table is None or producer < 0:
        return (Choice(FLOAT_BITS, tensor.size_bytes, 0.0),)
    return tuple(
        Choice(bits, _memory_bytes(tensor, bits), _error(table.error, bits))
        for bits in _known(problem.bits.activations, table.error)
    )


def _memory_bytes(tensor: Tensor, bits: int) -> int:
    return tensor.size_bytes if bits == FLOAT_BITS else packed_size_bytes(tensor.shape, bits)


def _wire(problem: Problem, tensor: Tensor) -> tuple[Choice, ...]:
    table = problem.errors.activations.get(tensor.name)
    ndim = len(tensor.shape)
    if table is None:
        plain = problem.errors.plain_bytes.get(tensor.name, tensor.size_bytes)
        return (Choice(FLOAT_BITS, math.ceil(plain) + tensor_overhead_bytes(tensor.name, ndim, 0), 0.0),)
    return tuple(
        Choice(
            bits,
            math.ceil(table.wire_bytes[bits])
            + tensor_overhead_bytes(tensor.name, ndim, int(bits != FLOAT_BITS)),
            _error(table.error, bits),
        )
        for bits in _known(problem.bits.wire, table.error)
    )
