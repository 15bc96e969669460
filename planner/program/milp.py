"""The joint integer program of cut and bits. docs/planner.md derives every row.

A reduction in three steps: `accepts` says whether the numbers make a program at all, `apply` writes it
down, `invert` reads the solver's values back.

Seconds enter in milliseconds, joules in millijoules, bytes in kilobytes, errors as shares of their limit,
so that one tolerance suits all rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from planner.problem.assignment import Assignment
from planner.problem.costs import Choice, Costs, Linear, Objective, TensorCost
from planner.problem.limits import Limits
from planner.program import engines
from planner.program.matrix import ONE, ZERO, Program, Sum, Terms
from shared.link import Link

Goal = Literal["latency", "throughput", "energy", "cloud", "memory", "error"]
Picks = tuple[tuple[Choice, int], ...]
_TINY: Final = (0.0, 1e-6)
_GAP: Final = {"memory": (0.0, 1e-4), "error": (1e-3, 1e-9)}
"""Relative and absolute gap at which an optimum counts as proven: 1 ns or 1 nJ, 0.1 byte, 0.1 % of error."""


@dataclass(frozen=True)
class Bounds:
    """Limits of one program; None: no limit. ``layers`` fixes the set of edge layers."""

    memory_bytes: float | None = None
    error: float | None = None
    deadline_s: float | None = None
    period_s: float | None = None
    energy_j: float | None = None
    cloud_s: float | None = None
    layers: frozenset[int] | None = None

    def at_most(self, objective: Objective, value: float) -> Bounds:
        """With the objective bounded too."""
        if objective == "latency":
            return replace(self, deadline_s=_least(value, self.deadline_s))
        if objective == "throughput":
            return replace(self, period_s=_least(value, self.period_s))
        if objective == "energy":
            return replace(self, energy_j=_least(value, self.energy_j))
        return replace(self, cloud_s=_least(value, self.cloud_s))


def _least(value: float, limit: float | None) -> float:
    return value if limit is None else min(value, limit)


def limit_bounds(limits: Limits, layers: frozenset[int] | None = None) -> Bounds:
    """The limits of a problem."""
    return Bounds(
        limits.memory_bytes,
        limits.error_limit,
        limits.deadline_s,
        limits.period_s,
        limits.energy_j,
        limits.cloud_s,
        layers,
    )


@dataclass(frozen=True)
class Written:
    """A program, and where in it the decisions are (tensors in the order of ``Costs.tensors``)."""

    program: Program
    goal: Goal
    layers: tuple[int, ...]
    weights: tuple[Picks, ...]
    activations: tuple[Picks, ...]
    wire: tuple[Picks, ...]


def accepts(costs: Costs) -> bool:
    """Whether there is at least one layer, and every number is finite and not negative."""
    numbers = [costs.limits.error_limit, *(layer.cloud_s for layer in costs.layers)]
    for row in (row for layer in costs.layers for row in (*layer.edge_s, layer.energy_j)):
        numbers += [row.fixed, row.per_weight_bit, *row.per_bit.values()]
    for choice in _all_choices(costs):
        numbers += [choice.size_bytes, choice.error, choice.edge_s, choice.cloud_s]
    return bool(costs.layers) and all(math.isfinite(number) and number >= 0 for number in numbers)


def apply(costs: Costs, link: Link, goal: Goal, bounds: Bounds) -> Written:
    """The program that minimises ``goal`` within ``bounds``."""
    return _Writer(costs, link, bounds).written(goal)


def run(written: Written, costs: Costs, solver: str | None = None) -> Assignment | None:
    """Solve to proven optimality with ``solver`` (default: `engines.solver_name`). None: infeasible."""
    values = engines.minimum(written.program, *_GAP.get(written.goal, _TINY), solver)
    return None if values is None else invert(written, costs, values)


def invert(written: Written, costs: Costs, values: Sequence[float]) -> Assignment:
    """The decisions in the values of a program's variables."""
    layers = [layer.name for layer in costs.layers]
    tensors = [tensor.name for tensor in costs.tensors]
    weights = _picked(layers, written.weights, values)
    activations = _picked(tensors, written.activations, values)
    wire = _picked(tensors, written.wire, values)
    return Assignment(
        layers=frozenset(index for index, x in enumerate(written.layers) if values[x] > 0.5),
        weights={name: choice.bits for name, choice in weights.items()},
        activations={name: choice.bits for name, choice in activations.items()},
        wire={name: choice.bits for name, choice in wire.items()},
        codecs={name: choice.codec for name, choice in wire.items()},
    )


def _picked(names: Iterable[str], found: Iterable[Picks], values: Sequence[float]) -> dict[str, Choice]:
    return {
        name: choice
        for name, picks in zip(names, found, strict=True)
        for choice, variable in picks
        if values[variable] > 0.5
    }


def _all_choices(costs: Costs) -> Iterator[Choice]:
    for layer in costs.layers:
        yield from layer.weights
    for tensor in costs.tensors:
        yield from (*tensor.activation, *tensor.wire)


class _Writer:
    """Writes one program, a group of rows per method."""

    def __init__(self, costs: Costs, link: Link, bounds: Bounds) -> None:
        self.costs, self.link, self.bounds = costs, link, bounds
        self.program = Program()
        self.place = {tensor.name: index for index, tensor in enumerate(costs.tensors)}
        self.u = ZERO
        self.x = self._layers()
        self.y = [self._crossing(tensor) for tensor in costs.tensors]
        self.weights = tuple(
            self._picks(layer.weights, x) for layer, x in zip(costs.layers, self.x, strict=True)
        )
        self.activations = tuple(
            self._picks(tensor.activation, self._made(tensor.producer)) for tensor in costs.tensors
        )
        self.wire = tuple(
            self._wire(*found) for found in zip(costs.tensors, self.y, self.activations, strict=True)
        )

    def written(self, goal: Goal) -> Written:
        bounds, row = self.bounds, self.program.row
        measures = self._measures(goal)
        objective = measures.get(goal, {})
        if bounds.error is not None:
            row(measures["error"], high=bounds.error * self._error_scale)
        for name, limit in (
            ("latency", bounds.deadline_s),
            ("throughput", bounds.period_s),
            ("energy", bounds.energy_j),
            ("cloud", bounds.cloud_s),
        ):
            if limit is not None:
                row(measures[name], high=1e3 * limit)
        if bounds.memory_bytes is not None or goal == "memory":
            memory = self._memory()
            objective = {memory: 1.0} if goal == "memory" else objective
        self.program.minimise(objective)
        return Written(self.program, goal, tuple(self.x), self.weights, self.activations, self.wire)

    def _layers(self) -> list[int]:
        """x_l: layer l runs on the edge. Downward closed: x_reader <= x_producer, or a chain of prefixes."""
        costs, fixed = self.costs, self.bounds.layers
        x = [self._layer(index) for index in range(len(costs.layers))]
        if fixed is not None and any(on_edge != (index in fixed) for index, on_edge in costs.pinned.items()):
            self.program.impossible = True
        if costs.prefix_only:
            edges = {(index, index + 1) for index in range(len(x) - 1)}
        else:
            edges = {(tensor.producer, reader) for tensor in costs.tensors for reader in tensor.consumers}
        for producer, reader in sorted(edges):
            if producer >= 0:
                self.program.row({x[reader]: 1.0, x[producer]: -1.0}, high=0.0)
        return x

    def _layer(self, index: int) -> int:
        fixed = self.bounds.layers
        on_edge = self.costs.pinned.get(index) if fixed is None else index in fixed
        if on_edge is None:
            return self.program.variable(0.0, 1.0, whole=True)
        return ONE if on_edge else ZERO

    def _crossing(self, tensor: TensorCost) -> int:
        """y_t: tensor t crosses. y_t >= x_producer - x_reader for every reader; for a prefix, the last."""
        made = self._made(tensor.producer)
        readers = [self.x[reader] for reader in tensor.consumers]
        if made == ZERO or all(reader == ONE for reader in readers):
            return ZERO
        y = ZERO if not self.costs.may_cross(tensor) else ONE if made == ONE and ZERO in readers else None
        if y == ONE:
            return y
        y = self.program.variable(0.0, 1.0) if y is None else y
        if self.costs.prefix_only and y != ZERO:
            self.program.row(_terms((y, 1.0), (made, -1.0), (readers[-1], 1.0)), 0.0, 0.0)
            return y
        self.program.row(_terms((y, 1.0), (made, -1.0)), high=0.0)
        for reader in readers:
            self.program.row(_terms((y, 1.0), (made, -1.0), (reader, 1.0)), low=0.0)
        return y

    def _picks(self, choices: tuple[Choice, ...], switch: int) -> Picks:
        """One variable per bit-width, which sum to the switch; a lone choice needs none of its own."""
        if switch == ZERO or not choices:
            return ()
        limit = math.inf if self.bounds.error is None else self.bounds.error
        able = [choice for choice in choices if choice.error <= limit]
        if len(able) == 1:
            return ((able[0], switch),)
        picks = tuple((choice, self.program.variable(0.0, 1.0, whole=True)) for choice in able)
        self.program.row(_terms((switch, -1.0), *((variable, 1.0) for _, variable in picks)), 0.0, 0.0)
        return picks

    def _wire(self, tensor: TensorCost, y: int, stored: Picks) -> Picks:
        """z_{t,b}: sent at b bits; without further loss where it is stored at b bits or fewer."""
        if y == ZERO:
            return ()
        limit = math.inf if self.bounds.error is None else self.bounds.error
        ways = [way for choice in tensor.wire for way in _ways(choice, stored) if way[0].error <= limit]
        if not ways:
            self.program.row({y: 1.0}, high=0.0)
        picks = self._picks(tuple(choice for choice, _ in ways), y)
        for (_, variable), (_, stores) in zip(picks, ways, strict=True):
            if stores is not None:
                self.program.row(_terms((variable, 1.0), *((store, -1.0) for store in stores)), high=0.0)
        return picks

    def _measures(self, goal: Goal) -> dict[str, Terms]:
        """Error (as a share of its limit), milliseconds and millijoules, as sums over variables."""
        wants = {goal} | {
            name
            for name, limit in (("throughput", self.bounds.period_s), ("energy", self.bounds.energy_j))
            if limit is not None
        }
        times = {"latency", "throughput"} & wants or self.bounds.deadline_s is not None
        edge_ms = self._edge_ms() if times else {}
        cloud_ms, sent = self._cloud_ms(), self._sent_bytes()
        air_ms = {variable: 8e3 * size / self.link.bandwidth_bps for variable, size in sent.items()}
        measures = {
            "error": self._error(),
            "cloud": cloud_ms,
            "latency": _added(edge_ms, cloud_ms, air_ms, {self.u: 1e3 * self.link.rtt_s}),
        }
        if "throughput" in wants:
            measures["throughput"] = {self._largest(edge_ms, cloud_ms, air_ms): 1.0}
        if "energy" in wants:
            measures["energy"] = _added(self._compute_mj(), self._radio_mj(sent))
        return measures

    def _edge_ms(self) -> Terms:
        total = Sum(1e3)
        for index, layer in enumerate(self.costs.layers):
            self._spend(total, index, layer.edge_s)
        for choice, variable in _flat(self.wire):
            total.add(variable, choice.edge_s)
        return total.terms

    def _cloud_ms(self) -> Terms:
        total = Sum(1e3)
        for layer, x in zip(self.costs.layers, self.x, strict=True):
            total.add(ONE, layer.cloud_s)
            total.add(x, -layer.cloud_s)
        for choice, variable in _flat(self.wire):
            total.add(variable, choice.cloud_s)
        return total.terms

    def _compute_mj(self) -> Terms:
        total = Sum(1e3)
        for index, layer in enumerate(self.costs.layers):
            self._spend(total, index, (layer.energy_j,))
        return total.terms

    def _radio_mj(self, sent: Terms) -> Terms:
        energy = self.costs.energy
        per_byte_j = energy.uplink_j(1, 8 / self.link.bandwidth_bps) if energy else 0.0
        return {variable: 1e3 * per_byte_j * size for variable, size in sent.items()}

    def _sent_bytes(self) -> Terms:
        total = Sum()
        self.u = self._uplink()
        total.add(self.u, self.costs.overhead_bytes)
        for choice, variable in _flat(self.wire):
            total.add(variable, choice.size_bytes)
        return total.terms

    def _uplink(self) -> int:
        """u: something runs in the cloud, so that a frame is sent: a sink of the graph is not on the edge."""
        read = {tensor.producer for tensor in self.costs.tensors if tensor.consumers}
        last = len(self.x) - 1
        sinks = (
            [last] if self.costs.prefix_only else [index for index in range(last + 1) if index not in read]
        )
        if all(self.x[index] in (ONE, ZERO) for index in sinks):
            return ONE if any(self.x[index] == ZERO for index in sinks) else ZERO
        u = self.program.variable(0.0, 1.0)
        for index in sinks:
            self.program.row(_terms((u, 1.0), (self.x[index], 1.0)), low=1.0)
        return u

    def _largest(self, *sums: Terms) -> int:
        largest = self.program.variable()
        for found in sums:
            self.program.row(_added(found, {largest: -1.0}), high=0.0)
        return largest

    def _spend(self, total: Sum, index: int, rows: Sequence[Linear]) -> None:
        """Add the largest of a layer's rows when it runs on the edge."""
        if self.x[index] == ZERO:
            return
        rows = self._needed(index, rows)
        found = [self._row_terms(index, row) for row in rows]
        if len(found) == 1 and not found[0][1]:
            for variable, factor in found[0][0].items():
                total.add(variable, factor)
            return
        amount = self.program.variable()
        for terms, slack in found:
            # A tensor that the layer reads may be stored although the layer runs in the cloud.
            switch = {ONE: -1e3 * slack, self.x[index]: 1e3 * slack} if slack else {}
            scaled = {variable: 1e3 * factor for variable, factor in terms.items()}
            self.program.row(_added(scaled, switch, {amount: -1.0}), high=0.0)
        total.add(amount, 1e-3)

    def _row_terms(self, index: int, row: Linear) -> tuple[Terms, float]:
        """The terms of one row, and the most that tensors of other layers can add to it."""
        x, total, slack = self.x[index], Sum(), 0.0
        total.add(x, row.fixed)
        for choice, variable in self.weights[index]:
            total.add(variable, row.per_weight_bit * choice.bits)
        for name, slope in row.per_bit.items():
            place = self.place[name]
            choices = self.costs.tensors[place].activation
            if len(choices) == 1:
                total.add(x, slope * choices[0].bits)
                continue
            for choice, variable in self.activations[place]:
                total.add(variable, slope * choice.bits)
            if x != ONE and self.costs.tensors[place].producer != index:
                slack += slope * max(choice.bits for choice in choices)
        return total.terms, slack

    def _needed(self, index: int, rows: Sequence[Linear]) -> Sequence[Linear]:
        """Without a row that another one exceeds whatever the bits."""
        if len(rows) == 1:
            return rows
        ranges = [self._range(index, row) for row in rows]
        most = max(low for low, _ in ranges)
        first = next(at for at, (low, _) in enumerate(ranges) if low == most)
        return [row for at, row in enumerate(rows) if at == first or ranges[at][1] > most]

    def _range(self, index: int, row: Linear) -> tuple[float, float]:
        widths = [choice.bits for choice in self.costs.layers[index].weights] or [0]
        low, high = (row.fixed + row.per_weight_bit * bits for bits in (min(widths), max(widths)))
        for name, slope in row.per_bit.items():
            bits = [choice.bits for choice in self.costs.tensors[self.place[name]].activation]
            low, high = low + slope * min(bits), high + slope * max(bits)
        return low, high

    def _error(self) -> Terms:
        total = Sum(self._error_scale)
        for picks in (self.weights, self.activations, self.wire):
            for choice, variable in _flat(picks):
                total.add(variable, choice.error)
        return total.terms

    @property
    def _error_scale(self) -> float:
        return 1 / self.bounds.error if self.bounds.error else 1.0

    def _memory(self) -> int:
        """Bound m >= packed weights + activations alive at layer l, for every l, in kilobytes."""
        limit = self.bounds.memory_bytes
        # Sizes are whole bytes: a quarter more than the limit admits nothing more, but rounding.
        memory = self.program.variable(0.0, math.inf if limit is None else 1e-3 * (limit + 0.25))
        packed = Sum(1e-3)
        for choice, variable in _flat(self.weights):
            packed.add(variable, choice.size_bytes)
        weights = self._total(packed.terms)
        paper = self.costs.limits.memory_model == "paper"
        for held in self._largest_tensors() if paper else self._alive():
            self.program.row(_added(held, {weights: 1.0, memory: -1.0}), high=0.0)
        return memory

    def _largest_tensors(self) -> Iterator[Terms]:
        """Auto-Split's count: the largest activation alone."""
        yield {}
        for tensor, picks in zip(self.costs.tensors, self.activations, strict=True):
            if tensor.producer >= 0 and picks:
                yield _kilobytes(picks)

    def _alive(self) -> Iterator[Terms]:
        """Kilobytes alive at every step.

        A tensor that layer l's step finds alive in one cut is alive at the last edge step before l in every
        cut that stops earlier, so the rows need no switch for layers in the cloud. Outside prefixes, a
        tensor whose last reader in the order lies before l may wait for the cloud: `_waiting` adds those.
        """
        waiting: Terms = {}
        for step in range(len(self.x)):
            waiting = self._waiting(step, waiting)
            alive = [
                _kilobytes(picks)
                for tensor, picks in zip(self.costs.tensors, self.activations, strict=True)
                if tensor.producer <= step <= tensor.last_use
            ]
            if self.x[step] != ZERO or not step:
                yield _added(*alive, waiting)

    def _waiting(self, step: int, before: Terms) -> Terms:
        """Kilobytes of tensors that no layer from ``step`` on reads but that cross."""
        done = [
            index
            for index, tensor in enumerate(self.costs.tensors)
            if tensor.consumers and tensor.last_use == step - 1 and self.y[index] != ZERO
        ]
        if self.costs.prefix_only or not done:
            return before
        found = _added(before, *(_kilobytes(self._held(index)) for index in done))
        return found if self.bounds.layers is not None else {self._total(found): 1.0}

    def _held(self, index: int) -> Picks:
        """h_{t,b} >= a_{t,b} + y_t - 1: tensor t waits for the cloud at b bits."""
        picks, y = self.activations[index], self.y[index]
        if y == ONE:
            return picks
        if len(picks) == 1:
            return ((picks[0][0], y),)
        found = tuple((choice, self.program.variable(0.0, 1.0)) for choice, _ in picks)
        for (_, held), (_, picked) in zip(found, picks, strict=True):
            self.program.row(_terms((held, 1.0), (picked, -1.0), (y, -1.0)), low=-1.0)
        return found

    def _total(self, terms: Terms) -> int:
        if not terms:
            return ZERO
        total = self.program.variable()
        self.program.row(_added(terms, {total: -1.0}), high=0.0)
        return total

    def _made(self, producer: int) -> int:
        return ONE if producer < 0 else self.x[producer]


def _ways(choice: Choice, stored: Picks) -> Iterator[tuple[Choice, list[int] | None]]:
    """(choice with its error, what the tensor must be stored as: None for anything)."""
    exact = [variable for kept, variable in stored if choice.is_exact(kept.bits)]
    if exact:
        yield replace(choice, error=0.0), None if len(exact) == len(stored) else exact
    if len(exact) < len(stored):
        yield choice, None


def _flat(found: Iterable[Picks]) -> Iterator[tuple[Choice, int]]:
    return (pick for picks in found for pick in picks)


def _kilobytes(picks: Picks) -> Terms:
    return _terms(*((variable, 1e-3 * choice.size_bytes) for choice, variable in picks))


def _terms(*pairs: tuple[int, float]) -> Terms:
    """Variables may come twice."""
    total = Sum()
    for variable, factor in pairs:
        total.add(variable, factor)
    return total.terms


def _added(*sums: Terms) -> Terms:
    return _terms(*(pair for found in sums for pair in found.items()))
