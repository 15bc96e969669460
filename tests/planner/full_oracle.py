"""The planner's whole question answered by trying everything, from the definitions, with NumPy."""

import itertools
import math

import numpy as np
from oracle import cuts

from evosplit.planner.devices import MeasuredDevice
from evosplit.planner.problem import Problem
from evosplit.shared.graph import Cut
from evosplit.shared.wire import frame_overhead_bytes, tensor_overhead_bytes


def least_value(problem: Problem) -> float:
    """The least value of the objective over every plan within all limits; infinity when there is none."""
    return min(
        (_least_at(problem, cut) for cut in cuts(problem) if is_allowed(problem, cut)), default=math.inf
    )


def is_allowed(problem: Problem, cut: Cut) -> bool:
    """Whether pins and the minimum depth allow a cut."""
    graph, limits = problem.graph, problem.limits
    sides = {layer.name: "edge" if layer.index in cut.layers else "cloud" for layer in graph.layers}
    if any(sides[name] != side for name, side in limits.pinned.items()):
        return False
    return all(_depth(problem, name) >= limits.min_depth for name in cut.boundary)


def _depth(problem: Problem, name: str) -> int:
    graph = problem.graph
    if name in graph.inputs:
        return 0
    layer = next(layer for layer in graph.layers if name in layer.outputs)
    return 1 + min(_depth(problem, read) for read in layer.inputs)


def _least_at(problem: Problem, cut: Cut) -> float:
    graph, limits, link = problem.graph, problem.limits, problem.link
    made = [name for index in cut.layers for name in graph.layers[index].outputs]
    held = [*graph.inputs, *made]
    ways = list(itertools.product(*(_activations(problem, name) for name in held)))
    bits = np.array([[one[0] for one in way] for way in ways])
    act_error = np.array([sum(one[2] for one in way) for way in ways])
    act_bytes = np.array(
        [_held(problem, cut, dict(zip(held, (o[1] for o in way), strict=True))) for way in ways]
    )
    weights = [_weights(problem, index) for index in cut.layers]
    picks = np.array(list(itertools.product(*(range(len(one)) for one in weights))), int)
    tables = [np.array(one, float) for one in weights]
    packed = sum((table[picks[:, at], 1] for at, table in enumerate(tables)), np.zeros(len(picks)))
    error = sum((table[picks[:, at], 2] for at, table in enumerate(tables)), np.zeros(len(picks)))
    if isinstance(problem.edge, MeasuredDevice):  # nothing else depends on the weights there
        keep = _pareto(packed, error)
        picks, packed, error = picks[keep], packed[keep], error[keep]
    seconds, joules = np.zeros((len(ways), len(picks))), np.zeros((len(ways), len(picks)))
    timings, energy = problem.edge.timings(graph), problem.edge.energy
    for at, index in enumerate(cut.layers):
        timing = timings[index]
        for option, (width, _, _) in enumerate(weights[at]):
            known = [dict(zip(held, map(int, row), strict=True)) for row in bits]
            column = np.array([timing.seconds(width, one) for one in known])
            spent = np.array([energy.layer_j(timing.macs, timing.moved_bytes(width, one)) for one in known])
            seconds[:, picks[:, at] == option] += column[:, None]
            joules[:, picks[:, at] == option] += spent[:, None]
    # Pairs of a way and a pick that memory holds, one after another: nothing that is sent changes that.
    way, pick = np.nonzero(act_bytes[:, None] + packed <= limits.memory_bytes)
    seconds, joules, held_error = seconds[way, pick], joules[way, pick], act_error[way] + error[pick]
    cloud_s = _cloud_s(problem)
    cloud = sum(cloud_s[index] for index in range(len(graph.layers)) if index not in cut.layers)
    whole = len(cut.layers) == len(graph.layers)
    choices = [
        [(one, _sent_error(one, bits[way, held.index(name)])) for one in _wires(problem, name, cut)]
        for name in cut.boundary
    ]
    best = math.inf
    for chosen in itertools.product(*choices):
        sent = [one for one, _ in chosen]
        size = 0 if whole else sum(one[1] for one in sent) + frame_overhead_bytes(str(len(graph.layers)))
        edge_s = seconds + sum(one[4] for one in sent) + _beside(problem, any(one[6:] for one in sent), whole)
        cloud_all = cloud + sum(one[5] for one in sent)
        air_s = 8 * size / link.bandwidth_bps
        latency = edge_s + cloud_all + (0.0 if whole else link.rtt_s + air_s)
        period = np.maximum(edge_s, max(air_s, cloud_all))
        spent = joules + energy.uplink_j(size, air_s)
        fits = sum((error for _, error in chosen), held_error) <= limits.error_limit
        fits &= (latency <= limits.deadline_s) & (period <= limits.period_s)
        fits &= (spent <= limits.energy_j) & (cloud_all <= limits.cloud_s)
        value = {"latency": latency, "throughput": period, "energy": spent}.get(problem.objective)
        value = np.full_like(latency, cloud_all) if value is None else value
        best = min(best, float(value[fits].min(initial=math.inf)))
    return best


def _sent_error(one, stored):
    """The error of sending a tensor as ``one``, by the bits that it is held with."""
    exact = (one[0] >= stored) & (not one[3].startswith("jpeg"))
    return np.where(exact, 0.0, one[2])


def _pareto(first, second):
    order = np.lexsort((second, first))
    lowest, keep = math.inf, []
    for at in order:
        if second[at] < lowest:
            lowest = second[at]
            keep.append(at)
    return np.array(keep)


def _cloud_s(problem: Problem):
    if hasattr(problem.cloud, "tail_layer_s"):
        return problem.cloud.tail_layer_s()
    return [timing.uniform_s(problem.cloud.bits) for timing in problem.cloud.timings(problem.graph)]


def _activations(problem: Problem, name: str):
    """(bits, bytes, error)."""
    tensor = problem.graph.tensors[name]
    if not tensor.is_float:
        return [(32, tensor.size_bytes, 0.0)]
    if name in problem.graph.inputs:
        if isinstance(problem.edge, MeasuredDevice):
            return [(32, tensor.size_bytes, 0.0)]
        return [(8, tensor.elements, 0.0)]
    table = problem.errors.activations[name].error
    return [
        (b, tensor.size_bytes if b == 32 else (tensor.elements * b + 7) // 8, 0.0 if b == 32 else table[b])
        for b in problem.bits.activations
    ]


def _weights(problem: Problem, index: int):
    """(bits, bytes, error)."""
    layer = problem.graph.layers[index]
    if not layer.weights:
        return [(0, 0, 0.0)]
    rows, columns = next(
        tuple(one.dims) for one in problem.graph.model.graph.initializer if one.name == f"w{index}"
    )
    if rows * columns < 256:
        return [(32, 4 * rows * columns + 4 * rows, 0.0)]
    found = []
    for b in problem.bits.weights:
        size = 4 * rows * columns if b == 32 else (rows * columns * b + 7) // 8 + 6 * rows
        error = 0.0 if b == 32 else problem.errors.weights[layer.name].error[b]
        found.append((b, size + 4 * rows, error))
    return found


def _beside(problem: Problem, picture: bool, whole: bool) -> float:
    if not isinstance(problem.edge, MeasuredDevice):
        return 0.0
    profile = problem.edge.profile
    packed_s = 0.0 if whole else profile.pack_s
    return profile.frame_s + (0.0 if picture else profile.prepare_s + packed_s)


def _wires(problem: Problem, name: str, cut: Cut):
    """(bits, bytes, error, codec, encode_s, decode_s) and True for a picture."""
    found = _tensor_wires(problem, name)
    if problem.graph.inputs == (name,) and not cut.layers:
        found += [
            (8, math.ceil(one.wire_bytes), one.error, one.name, one.encode_s, one.decode_s, True)
            for one in problem.encodings
        ]
    return found


def _tensor_wires(problem: Problem, name: str):
    tensor = problem.graph.tensors[name]
    measured = isinstance(problem.edge, MeasuredDevice)
    codec_s = (0.0, 0.0)
    if measured:
        profile = problem.edge.profile
        codec_s = (
            profile.encode_s_per_byte * tensor.size_bytes,
            problem.cloud.decode_s_per_byte * tensor.size_bytes,
        )
    plain_s = (1e-8 * tensor.size_bytes, 1e-8 * tensor.size_bytes)
    found = []
    if not tensor.is_float:
        size = tensor.size_bytes + tensor_overhead_bytes(name, 2, 0)
        found.append((32, size, 0.0, "zstd", *codec_s))
        if measured and problem.plain:
            found.append((32, size, 0.0, "none", *plain_s))
    else:
        table = problem.errors.activations[name]
        head = tensor_overhead_bytes(name, 2, 1)
        for b in problem.bits.wire:
            size = (tensor.elements * b + 7) // 8 + head
            if measured:
                found.append((b, math.ceil(table.wire_bytes[b]) + head, table.error[b], "zstd", *codec_s))
                if problem.plain:
                    found.append((b, size, table.error[b], "none", *plain_s))
            elif name not in problem.graph.inputs or b < 8:
                found.append((b, size, table.error[b], "none", 0.0, 0.0))
        if not measured and name in problem.graph.inputs:
            found.append((8, tensor.elements + head, 0.0, "none", 0.0, 0.0))
    return found


def _held(problem: Problem, cut: Cut, sizes: dict[str, int]) -> int:
    """Bytes of activations in memory, by walking through the layers."""
    graph = problem.graph
    if problem.limits.memory_model == "paper":
        return max((size for name, size in sizes.items() if name not in graph.inputs), default=0)
    wanted = [set(graph.layers[index].inputs) for index in cut.layers]
    ends = {*cut.boundary, *graph.outputs}
    held = {name for name in graph.inputs if name in ends or any(name in reads for reads in wanted)}
    peak = sum(sizes[name] for name in held)
    for step, index in enumerate(cut.layers):
        held |= set(graph.layers[index].outputs)
        peak = max(peak, sum(sizes[name] for name in held))
        held &= set().union(ends, *wanted[step + 1 :])
    return peak
