"""The planner's question answered by trying everything, from the definitions, sharing no code with it."""

import itertools
import math
from collections.abc import Iterator

from evosplit.planner.problem import Problem
from evosplit.shared.expectation import ExitShare
from evosplit.shared.graph import Cut, Graph, make_cut, prefix_cuts
from evosplit.shared.wire import frame_overhead_bytes, tensor_overhead_bytes


def least_latency_s(problem: Problem) -> float:
    """The least total latency of any plan within the limits; infinity when there is none."""
    return min(
        (latency for cut in cuts(problem) for latency in cut_latencies(problem, cut)), default=math.inf
    )


def cuts(problem: Problem) -> Iterator[Cut]:
    graph = problem.graph
    if problem.cuts == "prefix":
        yield from prefix_cuts(graph)
        return
    for size in range(len(graph.layers) + 1):
        for chosen in itertools.combinations(range(len(graph.layers)), size):
            have = {*graph.inputs, *(name for index in chosen for name in graph.layers[index].outputs)}
            if all(name in have for index in chosen for name in graph.layers[index].inputs):
                yield make_cut(graph, chosen)


def cut_latencies(problem: Problem, cut: Cut) -> Iterator[float]:
    """The latency of every assignment of bits at this cut that meets the limits.

    Weights and activations only touch memory and error here: what counts of them is their Pareto set.
    """
    stored = memory_and_error(problem, cut)
    for seconds, error in wire_ways(problem, cut):
        limits = problem.limits
        for memory, more in stored:
            fits = limits.memory_bytes is None or memory <= limits.memory_bytes
            if fits and error + more <= limits.error_limit:
                yield seconds
                break


def wire_ways(problem: Problem, cut: Cut) -> Iterator[tuple[float, float]]:
    graph, link = problem.graph, problem.link
    edge_s, cloud_s = problem.edge.head_layer_s(), problem.cloud.tail_layer_s()
    fixed = sum(edge_s[index] for index in cut.layers)
    fixed += sum(cloud_s[index] for index in range(len(graph.layers)) if index not in cut.layers)
    whole = len(cut.layers) == len(graph.layers)
    per_tensor = []
    for name in cut.boundary:
        tensor = graph.tensors[name]
        codec_s = problem.edge.encode_s_per_byte + problem.cloud.decode_s_per_byte
        fixed += codec_s * tensor.size_bytes
        if not tensor.is_float:
            per_tensor.append([(tensor.size_bytes + tensor_overhead_bytes(name, 2, 0), 0.0)])
            continue
        table = problem.errors.activations[name]
        ways = []
        for bits in problem.bits.wire:
            head = tensor_overhead_bytes(name, 2, 0 if bits == 32 else 1)
            ways.append((math.ceil(table.wire_bytes[bits]) + head, 0.0 if bits == 32 else table.error[bits]))
        per_tensor.append(ways)
    for way in itertools.product(*per_tensor):
        sent = sum(size for size, _ in way) + frame_overhead_bytes(str(len(graph.layers)))
        uplink_s = 0.0 if whole else link.rtt_s + 8 * sent / link.bandwidth_bps
        yield fixed + uplink_s, sum(error for _, error in way)


def memory_and_error(problem: Problem, cut: Cut) -> list[tuple[int, float]]:
    """(bytes, error) of every assignment of weight and activation bits."""
    graph = problem.graph
    arrays = {one.name: tuple(one.dims) for one in graph.model.graph.initializer}
    weights: set[tuple[int, float]] = {(0, 0.0)}
    for index in cut.layers:
        layer = graph.layers[index]
        if not layer.weights:
            continue
        rows, columns = arrays[f"w{index}"]
        ways = []
        for bits in problem.bits.weights if rows * columns >= 256 else (32,):
            size = 4 * rows * columns if bits == 32 else (rows * columns * bits + 7) // 8 + 6 * rows
            error = 0.0 if bits == 32 else problem.errors.weights[layer.name].error[bits]
            ways.append((size + 4 * rows, error))
        weights = {(a + c, b + d) for a, b in weights for c, d in ways}
    live = activations(problem, cut)
    return [(a + c, b + d) for a, b in weights for c, d in live]


def activations(problem: Problem, cut: Cut) -> list[tuple[int, float]]:
    """(peak bytes, error) of every assignment of activation bits, by walking through the layers."""
    graph = problem.graph
    made = [name for index in cut.layers for name in graph.layers[index].outputs]
    offered = [
        [(graph.tensors[name].size_bytes, 0.0)]
        if not graph.tensors[name].is_float
        else [_activation(problem, name, bits) for bits in problem.bits.activations]
        for name in made
    ]
    found = set()
    for way in itertools.product(*offered):
        sizes = {name: graph.tensors[name].size_bytes for name in graph.inputs}
        sizes |= {name: size for name, (size, _) in zip(made, way, strict=True)}
        found.add((_peak(problem, cut, sizes), sum(error for _, error in way)))
    return list(found)


def _activation(problem: Problem, name: str, bits: int) -> tuple[int, float]:
    tensor = problem.graph.tensors[name]
    if bits == 32:
        return tensor.size_bytes, 0.0
    return (tensor.elements * bits + 7) // 8, problem.errors.activations[name].error[bits]


def _peak(problem: Problem, cut: Cut, sizes: dict[str, int]) -> int:
    graph = problem.graph
    wanted = [set(graph.layers[index].inputs) for index in cut.layers]
    ends = {*cut.boundary, *graph.outputs}
    held = {name for name in graph.inputs if name in ends or any(name in reads for reads in wanted)}
    # Inputs that nobody reads are never held.
    peak = sum(sizes[name] for name in held)
    for step, index in enumerate(cut.layers):
        held |= set(graph.layers[index].outputs)
        peak = max(peak, sum(sizes[name] for name in held))
        later = set().union(ends, *wanted[step + 1 :])
        held &= later
    return peak


def above(graph: Graph, tap: str) -> set[int]:
    makers = {name: layer for layer in graph.layers for name in layer.outputs}
    found, open_names = set(), [tap]
    while open_names:
        layer = makers.get(open_names.pop())
        if layer is not None and layer.index not in found:
            found.add(layer.index)
            open_names += layer.inputs
    return found


def at_work(problem: Problem, cut: Cut) -> Iterator[tuple[ExitShare, ...]]:
    """Every set of hooks whose tensors are made on the edge, in the order in which a frame meets them."""
    graph = problem.graph
    there = [one for one in problem.expectation.exits if above(graph, one.tap) <= set(cut.layers)]
    there.sort(key=lambda one: len(above(graph, one.tap)))
    for size in range(len(there) + 1):
        yield from itertools.combinations(there, size)
