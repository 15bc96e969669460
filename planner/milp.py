"""The joint integer program of cut and bits, as PuLP sees it. docs/planner.md derives every row.

A reduction in three steps: `accepts` says whether the numbers make a program at all, `apply` writes it
down, `invert` reads the solver's values back. Nothing else in the project touches PuLP.

Seconds enter in milliseconds, bytes in kilobytes, errors as shares of their limit, so that one tolerance
suits all rows. The variable ``given`` is fixed at one: it stands for constants and for the model's inputs.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import pulp

from planner.assignment import Assignment
from planner.costs import Choice, Costs
from shared.link import Link

Goal = Literal["latency", "memory", "error"]
Variable = Any
Terms = dict[Variable, float]
Picks = tuple[tuple[Choice, Variable], ...]
_TOLERANCE: Final = 1e-9
_GAP: Final = {"latency": (0.0, 1e-6), "memory": (0.0, 1e-4), "error": (1e-3, 1e-9)}
"""Relative and absolute gap at which an optimum counts as proven: 1 ns, 0.1 byte, a part in a thousand."""


@dataclass(frozen=True)
class Bounds:
    """Limits of one program; None: no limit. ``layers`` fixes the set of edge layers."""

    memory_bytes: float | None = None
    error: float | None = None
    latency_s: float | None = None
    layers: frozenset[int] | None = None


@dataclass(frozen=True)
class Program:
    """The PuLP problem, and where in it the decisions are (tensors in the order of ``Costs.tensors``)."""

    problem: pulp.LpProblem
    goal: Goal
    layers: tuple[Variable, ...]
    weights: tuple[Picks, ...]
    activations: tuple[Picks, ...]
    wire: tuple[Picks, ...]


def accepts(costs: Costs) -> bool:
    """Whether there is at least one layer, and every number is finite and not negative."""
    numbers = [
        costs.max_error,
        *(number for layer in costs.layers for number in (layer.edge_s, layer.cloud_s)),
    ]
    numbers += [number for tensor in costs.tensors for number in (tensor.encode_s, tensor.decode_s)]
    for choice in _all_choices(costs):
        numbers += [choice.size_bytes, choice.error, choice.edge_s]
    return bool(costs.layers) and all(math.isfinite(number) and number >= 0 for number in numbers)


def apply(costs: Costs, link: Link, goal: Goal, bounds: Bounds) -> Program:
    """The program that minimises ``goal`` within ``bounds``."""
    return _Writer(costs, link, bounds).program(goal)


def invert(program: Program, costs: Costs) -> Assignment:
    """The decisions in a solved program."""
    tensors = costs.tensors
    return Assignment(
        layers=frozenset(index for index, x in enumerate(program.layers) if x.varValue > 0.5),
        weights=_bits(zip((layer.name for layer in costs.layers), program.weights, strict=True)),
        activations=_bits(zip((tensor.name for tensor in tensors), program.activations, strict=True)),
        wire=_bits(zip((tensor.name for tensor in tensors), program.wire, strict=True)),
    )


def run(program: Program, solver: str | None = None) -> bool:
    """Solve to proven optimality with ``solver`` (default: `solver_name`). False: infeasible."""
    engine = (_highs if (solver or solver_name()) == "HiGHS" else _cbc)(*_GAP[program.goal])
    status = program.problem.solve(engine)
    if status not in (pulp.LpStatusOptimal, pulp.LpStatusInfeasible):
        raise RuntimeError(f"the solver stopped with status {pulp.LpStatus[status]}")
    return bool(status == pulp.LpStatusOptimal)


def solver_name() -> str:
    """``HiGHS`` where it is installed, ``CBC`` (which comes with PuLP) otherwise."""
    return "HiGHS" if "HiGHS" in pulp.listSolvers(onlyAvailable=True) else "CBC"


def _highs(relative_gap: float, absolute_gap: float) -> Any:  # noqa: ANN401 - PuLP has no types of use
    exact = dict.fromkeys(("primal_feasibility_tolerance", "mip_feasibility_tolerance"), _TOLERANCE)
    return pulp.HiGHS(msg=False, threads=1, gapRel=relative_gap, gapAbs=absolute_gap, **exact)


def _cbc(relative_gap: float, absolute_gap: float) -> Any:  # noqa: ANN401
    """The CBC on the machine, or else the one inside PuLP 3, which warns that PuLP 4 will not have it."""
    exact = [f"{name} {_TOLERANCE}" for name in ("primalTolerance", "integerTolerance")]
    options = {"msg": False, "threads": 1, "gapRel": relative_gap, "gapAbs": absolute_gap, "options": exact}
    if pulp.COIN_CMD(msg=False).available():
        return pulp.COIN_CMD(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pulp.PULP_CBC_CMD(**options)


def _bits(named: Iterable[tuple[str, Picks]]) -> dict[str, int]:
    return {
        name: choice.bits for name, picks in named for choice, variable in picks if variable.varValue > 0.5
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
        self.problem = pulp.LpProblem("plan", pulp.LpMinimize)
        self.given = self._variable("given", 1.0, 1.0)
        self.x = self._layers()
        self.y = [self._crossing(index) for index in range(len(costs.tensors))]
        self.weights = tuple(
            self._picks(f"w{index}", layer.weights, self.x[index]) for index, layer in enumerate(costs.layers)
        )
        self.activations = tuple(
            self._picks(f"a{index}", tensor.activation, self._made(tensor.producer))
            for index, tensor in enumerate(costs.tensors)
        )
        self.wire = tuple(
            self._picks(f"z{index}", tensor.wire, self.y[index]) for index, tensor in enumerate(costs.tensors)
        )

    def program(self, goal: Goal) -> Program:
        error, latency = self._error(), self._latency()
        objective = {"error": error, "latency": latency}.get(goal, {})
        if self.bounds.error is not None:
            self._row(error, "<=", self.bounds.error * self._error_scale)
        if self.bounds.latency_s is not None:
            self._row(latency, "<=", 1e3 * self.bounds.latency_s)
        if self.bounds.memory_bytes is not None or goal == "memory":
            memory = self._memory()
            objective = {memory: 1.0} if goal == "memory" else objective
        self.problem.setObjective(pulp.LpAffineExpression(objective))
        return Program(self.problem, goal, tuple(self.x), self.weights, self.activations, self.wire)

    def _layers(self) -> list[Variable]:
        """x_l: layer l runs on the edge. Downward closed: x_reader <= x_producer, or a chain of prefixes."""
        costs, fixed = self.costs, self.bounds.layers
        x = []
        for index in range(len(costs.layers)):
            low, high = (0, 1) if fixed is None else (int(index in fixed),) * 2
            x.append(self._variable(f"x{index}", low, high, whole=True))
        if costs.prefix_only:
            edges = {(index, index + 1) for index in range(len(x) - 1)}
        else:
            edges = {(tensor.producer, reader) for tensor in costs.tensors for reader in tensor.consumers}
        for producer, reader in sorted(edges):
            if producer >= 0:
                self._row({x[reader]: 1.0, x[producer]: -1.0}, "<=", 0.0)
        return x

    def _crossing(self, index: int) -> Variable:
        """y_t: tensor t crosses. y_t >= x_producer - x_reader for every reader; for a prefix, the last."""
        tensor = self.costs.tensors[index]
        y = self._variable(f"y{index}", 0.0, 1.0)
        made = self._made(tensor.producer)
        if self.costs.prefix_only and tensor.consumers:
            self._row({y: 1.0, made: -1.0, self.x[tensor.consumers[-1]]: 1.0}, "==", 0.0)
            return y
        self._row({y: 1.0, made: -1.0}, "<=", 0.0)
        for reader in tensor.consumers:
            self._row({y: 1.0, made: -1.0, self.x[reader]: 1.0}, ">=", 0.0)
        return y

    def _picks(self, name: str, choices: tuple[Choice, ...], switch: Variable) -> Picks:
        """One variable per bit-width, which sum to the switch; a lone choice needs none of its own."""
        limit = math.inf if self.bounds.error is None else self.bounds.error
        able = [choice for choice in choices if choice.error <= limit]
        if len(able) == 1:
            return ((able[0], switch),)
        picks = tuple((choice, self._variable(f"{name}_{choice.bits}", 0, 1, whole=True)) for choice in able)
        if choices:
            self._row({**{variable: 1.0 for _, variable in picks}, switch: -1.0}, "==", 0.0)
        return picks

    def _latency(self) -> Terms:
        """Edge layers + round trip + 8 bytes / bandwidth + codec + cloud layers, in milliseconds."""
        costs, terms = self.costs, _Sum(1e3)
        for layer, x in zip(costs.layers, self.x, strict=True):
            terms.add(x, layer.edge_s - layer.cloud_s)
            terms.add(self.given, layer.cloud_s)
        per_byte_s = 8 / self.link.bandwidth_bps
        terms.add(self._uplink(), self.link.rtt_s + per_byte_s * costs.overhead_bytes)
        for tensor, y, picks in zip(costs.tensors, self.y, self.wire, strict=True):
            terms.add(y, tensor.encode_s + tensor.decode_s)
            for choice, z in picks:
                terms.add(z, per_byte_s * choice.size_bytes)
        for choice, picked in (pick for picks in (*self.weights, *self.activations) for pick in picks):
            terms.add(picked, choice.edge_s)
        return terms.terms

    def _uplink(self) -> Variable:
        """u: something runs in the cloud, so that a frame is sent: a sink of the graph is not on the edge."""
        read = {tensor.producer for tensor in self.costs.tensors if tensor.consumers}
        u = self._variable("u", 0.0, 1.0)
        for index, x in enumerate(self.x):
            if index == len(self.x) - 1 if self.costs.prefix_only else index not in read:
                self._row({u: 1.0, x: 1.0}, ">=", 1.0)
        return u

    def _error(self) -> Terms:
        terms = _Sum(self._error_scale)
        for picks in (*self.weights, *self.activations, *self.wire):
            for choice, picked in picks:
                terms.add(picked, choice.error)
        return terms.terms

    @property
    def _error_scale(self) -> float:
        return 1 / self.bounds.error if self.bounds.error else 1.0

    def _memory(self) -> Variable:
        """Bound m >= packed weights + activations alive at layer l, for every l, in kilobytes.

        A tensor that layer l's step finds alive in one cut is alive at the last edge step before l in every
        cut that stops earlier, so the rows need no switch for layers in the cloud. Outside prefixes, a
        tensor whose last reader in the order lies before l may wait for the cloud: `_waiting` adds those.
        """
        limit = self.bounds.memory_bytes
        # Sizes are whole bytes: a quarter more than the limit admits nothing more, but rounding.
        memory = self._variable("m", 0.0, None if limit is None else 1e-3 * (limit + 0.25))
        packed = _Sum(1e-3)
        for choice, picked in (pick for picks in self.weights for pick in picks):
            packed.add(picked, choice.size_bytes)
        weights = self._total("packed", packed.terms)
        waiting = self.given, 0.0
        for step in range(len(self.x)):
            alive = _Sum(1e-3)
            for tensor, picks in zip(self.costs.tensors, self.activations, strict=True):
                if tensor.producer <= step <= tensor.last_use:
                    for choice, picked in picks:
                        alive.add(picked, choice.size_bytes)
            waiting = self._waiting(step, waiting)
            alive.terms[waiting[0]] = alive.terms.get(waiting[0], 0.0) + waiting[1]
            self._row({**alive.terms, weights: 1.0, memory: -1.0}, "<=", 0.0)
        return memory

    def _waiting(self, step: int, before: tuple[Variable, float]) -> tuple[Variable, float]:
        """Kilobytes of tensors that no layer from ``step`` on reads but that cross: (variable, factor)."""
        done = [
            index
            for index, tensor in enumerate(self.costs.tensors)
            if tensor.consumers and tensor.last_use == step - 1
        ]
        if self.costs.prefix_only or not done:
            return before
        terms: Terms = {before[0]: before[1]}
        for choice, held in (pick for index in done for pick in self._held(index)):
            terms[held] = 1e-3 * choice.size_bytes
        return self._total(f"h{step}", terms), 1.0

    def _held(self, index: int) -> Picks:
        """h_{t,b} >= a_{t,b} + y_t - 1: tensor t waits for the cloud at b bits."""
        picks = self.activations[index]
        if len(picks) == 1:
            return ((picks[0][0], self.y[index]),)
        found = tuple((choice, self._variable(f"h{index}_{choice.bits}", 0.0, 1.0)) for choice, _ in picks)
        for (_, held), (_, picked) in zip(found, picks, strict=True):
            self._row({held: 1.0, picked: -1.0, self.y[index]: -1.0}, ">=", -1.0)
        return found

    def _total(self, name: str, terms: Terms) -> Variable:
        total = self._variable(name, 0.0, None)
        self._row({**terms, total: -1.0}, "<=", 0.0)
        return total

    def _made(self, producer: int) -> Variable:
        return self.given if producer < 0 else self.x[producer]

    def _variable(self, name: str, low: float, high: float | None, whole: bool = False) -> Variable:
        kind = pulp.LpInteger if whole else pulp.LpContinuous
        return self.problem.add_variable(name, low, high, cat=kind)

    def _row(self, terms: Terms, sense: Literal["<=", "==", ">="], bound: float) -> None:
        senses = {"<=": pulp.LpConstraintLE, "==": pulp.LpConstraintEQ, ">=": pulp.LpConstraintGE}
        self.problem.addConstraint(
            pulp.LpConstraint(pulp.LpAffineExpression(terms), senses[sense], None, bound)
        )


class _Sum:
    """Terms that add up per variable, scaled."""

    def __init__(self, scale: float) -> None:
        self.terms: Terms = {}
        self._scale = scale

    def add(self, variable: Variable, factor: float) -> None:
        if factor:
            self.terms[variable] = self.terms.get(variable, 0.0) + self._scale * factor
