"""Rows of any sign, exits, limits and cuts answered by trying everything: one axis per choice of bits."""

import math
from dataclasses import dataclass

import numpy as np
from full_oracle import is_allowed
from oracle import above, at_work, cuts

from evosplit.planner.problem import Problem
from evosplit.planner.problem.costs import Choice, Costs, Linear
from evosplit.shared.expectation import ExitShare
from evosplit.shared.graph import Cut


def least_value(problem: Problem, costs: Costs) -> float:
    """The least of the objective over every cut, hooks at work and bits; infinity when there is none."""
    return min(
        (
            _Trial(problem, costs, cut, exits).least()
            for cut in cuts(problem)
            if is_allowed(problem, cut)
            for exits in at_work(problem, cut)
        ),
        default=math.inf,
    )


@dataclass(frozen=True)
class _Axis:
    """The choices of one thing along an axis of their own."""

    bits: np.ndarray
    sizes: np.ndarray
    error: np.ndarray


class _Trial:
    """One cut with some hooks at work."""

    def __init__(self, problem: Problem, costs: Costs, cut: Cut, exits: tuple[ExitShare, ...]) -> None:
        self.problem, self.costs, self.cut, self.exits = problem, costs, cut, exits
        graph = problem.graph
        made = {name for index in cut.layers for name in graph.layers[index].outputs}
        offered: dict[object, tuple[Choice, ...]] = {
            one.name: one.activation for one in costs.tensors if one.name in made or one.name in graph.inputs
        }
        self.held = tuple(offered)
        offered |= {index: costs.layers[index].weights for index in cut.layers if costs.layers[index].weights}
        self.axes = {
            key: _axis(choices, at, len(offered)) for at, (key, choices) in enumerate(offered.items())
        }
        self.tensors = {tensor.name: tensor for tensor in costs.tensors}
        self.reach = math.prod(1 - one.share for one in exits)

    def least(self) -> float:
        ways = [self.tensors[name].wire for name in self.cut.boundary]
        return min((self._with(sent) for sent in _product(ways) if self._may(sent)), default=math.inf)

    def _may(self, sent: tuple[Choice, ...]) -> bool:
        return not (self.cut.layers and any(choice.is_picture for choice in sent))

    def _with(self, sent: tuple[Choice, ...]) -> float:
        problem, costs, limits = self.problem, self.costs, self.problem.limits
        whole = len(self.cut.layers) == len(costs.layers)
        picture = any(choice.is_picture for choice in sent)
        reads_input = any(not above(problem.graph, one.tap) for one in self.exits)
        edge_s = costs.frame_s + self._layers("edge_s") + self._hooks_s()
        edge_s = edge_s + (0.0 if picture and not reads_input else costs.prepare_s)
        edge_s = edge_s + (0.0 if picture or whole else self.reach * costs.pack_s)
        edge_s = edge_s + self.reach * sum(choice.edge_s for choice in sent)
        remote = [layer.cloud_s for index, layer in enumerate(costs.layers) if index not in self.cut.layers]
        cloud_s = self.reach * (sum(remote) + sum(choice.cloud_s for choice in sent))
        size = 0 if whole else sum(choice.size_bytes for choice in sent) + costs.overhead_bytes
        size *= self.reach * problem.expectation.wire_share
        air_s = 8 * size / problem.link.bandwidth_bps
        latency = edge_s + cloud_s + (0.0 if whole else self.reach * problem.link.rtt_s + air_s)
        period = np.maximum(edge_s, max(air_s, cloud_s))
        radio = costs.energy
        joules = self._layers("energy_j") + size * radio.radio_j_per_byte + air_s * radio.radio_w
        fits = (self._memory() <= _limit(limits.memory_bytes)) & (self._error(sent) <= limits.error_limit)
        fits = fits & (latency <= _limit(limits.deadline_s)) & (period <= _limit(limits.period_s))
        fits = fits & (joules <= _limit(limits.energy_j)) & (cloud_s <= _limit(limits.cloud_s))
        values = {
            "latency": latency,
            "throughput": period,
            "energy": joules,
            "cloud": np.array(float(cloud_s)),
        }
        value, fits = np.broadcast_arrays(values[problem.objective], fits)
        return float(value[fits].min(initial=math.inf))

    def _layers(self, what: str) -> np.ndarray:
        """Seconds or joules of the edge's layers, each at the share of frames that reach it."""
        total, shares = np.zeros(()), self._shares()
        for index in self.cut.layers:
            layer = self.costs.layers[index]
            rows = layer.edge_s if what == "edge_s" else (layer.energy_j,)
            amounts = [self._amount(row, index) for row in rows]
            largest = amounts[0]
            for amount in amounts[1:]:
                largest = np.maximum(largest, amount)
            total = total + shares[index] * largest
        return total

    def _amount(self, row: Linear, index: int) -> np.ndarray:
        weight = row.per_weight_bit * self.axes[index].bits if index in self.axes else 0.0
        return row.fixed + weight + sum(slope * self.axes[name].bits for name, slope in row.per_bit.items())

    def _shares(self) -> dict[int, float]:
        """Layer -> the frames that no hook before it has answered, times what masks leave of it."""
        graph, reached, shares = self.problem.graph, 1.0, {}
        for one in self.exits:
            shares |= {index: reached for index in above(graph, one.tap) if index not in shares}
            reached *= 1 - one.share
        density = self.problem.expectation.density
        return {
            index: shares.get(index, reached) * density.get(graph.layers[index].name, 1.0)
            for index in self.cut.layers
        }

    def _hooks_s(self) -> float:
        reached, total = 1.0, 0.0
        for one in self.exits:
            total += reached * one.hook_s
            reached *= 1 - one.share
        return total

    def _error(self, sent: tuple[Choice, ...]) -> np.ndarray:
        total = sum((axis.error for axis in self.axes.values()), np.zeros(()))
        for name, choice in zip(self.cut.boundary, sent, strict=True):
            exact = (choice.bits >= self.axes[name].bits) & (not choice.codec.startswith("jpeg"))
            total = total + np.where(exact, 0.0, choice.error)
        return total

    def _memory(self) -> np.ndarray:
        packed = sum((self.axes[i].sizes for i in self.cut.layers if i in self.axes), np.zeros(()))
        alive = [self._alive(step) for step in range(len(self.cut.layers))] or [self._alive(-1)]
        if self.problem.limits.memory_model == "paper":
            inputs = self.problem.graph.inputs
            alive = [self.axes[name].sizes for name in self.held if name not in inputs] or [np.zeros(())]
        peak = alive[0]
        for amount in alive[1:]:
            peak = np.maximum(peak, amount)
        return packed + peak

    def _alive(self, step: int) -> np.ndarray:
        """Bytes held while the step-th layer of the edge runs; -1: before any does."""
        graph, layers = self.problem.graph, [self.problem.graph.layers[index] for index in self.cut.layers]
        kept = {*self.cut.boundary, *graph.outputs}
        total = np.zeros(())
        for name in self.held:
            born = next((at for at, layer in enumerate(layers) if name in layer.outputs), -1)
            reads = [at for at, layer in enumerate(layers) if name in layer.inputs]
            is_needed = name in kept or any(at >= step for at in reads) or born == step >= 0
            if born <= step and is_needed:
                total = total + self.axes[name].sizes
        return total


def _axis(choices: tuple[Choice, ...], at: int, count: int) -> _Axis:
    shape = [1] * count
    shape[at] = len(choices)
    found = [
        np.array(column).reshape(shape)
        for column in zip(*((c.bits, c.size_bytes, c.error) for c in choices), strict=True)
    ]
    return _Axis(*found)


def _product(ways):
    if not ways:
        yield ()
        return
    for choice in ways[0]:
        for rest in _product(ways[1:]):
            yield (choice, *rest)


def _limit(value: float | None) -> float:
    return math.inf if value is None else value
