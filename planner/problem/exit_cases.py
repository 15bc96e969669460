"""Early-exit cases: the mean costs of a frame when some of the exits are at work.

A hook can be at work when its tensor is made on the edge, and is worth it or not; a case is a set of hooks
that are. In a case every layer has a fixed stage, the hooks that a frame has passed before the layer runs,
and with r_j the share that hook j answers

    mean seconds of an edge layer   c_i d_i prod over j before i of (1 - r_j)
    mean seconds of link and cloud  the sum of both, times prod over all j of (1 - r_j)

where d_i is what masks leave of the layer. So each case is a problem of the usual kind with smaller numbers
and the layers above its taps pinned to the edge, and is solved exactly; the least of all is the optimum.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evosplit.planner.devices.energy import Energy
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.costs import Costs, LayerCost
from evosplit.planner.problem.planning_problem import Problem
from evosplit.planner.problem.scaled_costs import scaled_layer, scaled_tensor
from evosplit.planner.problem.spending import Spending, spending
from evosplit.shared.errors import ProfileError
from evosplit.shared.expectation import NOTHING_SPARED, ExitShare
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link

_LEAST = 1e-6
"""Hooks that answer everything still leave a frame in a million, so that bytes keep a price."""

_MOST_EXITS = 8


@dataclass(frozen=True)
class Case:
    """Mean costs per frame. ``reach`` is the share of frames that go to the cloud.

    ``wire_share`` is the share of a boundary's bytes that one of them sends, ``exits`` are the tensors of the
    hooks at work.
    """

    costs: Costs
    exits: tuple[str, ...] = ()
    reach: float = 1.0
    wire_share: float = 1.0

    def link(self, link: Link) -> Link:
        """The link as whole frames would have to find it to take the mean seconds."""
        share = self.reach * self.wire_share
        return Link(link.bandwidth_bps / share, link.rtt_s * self.reach, link.loss)

    def value(self, chosen: Assignment, link: Link) -> float:
        """What the objective minimises, in the mean."""
        return self.spending(chosen).value(self.link(link), self.costs.objective)

    def spending(self, chosen: Assignment) -> Spending:
        """The mean cost of an assignment; bytes, memory and error are those of a whole frame."""
        return spending(self.costs, chosen)


def problem_cases(problem: Problem, costs: Costs) -> tuple[Case, ...]:
    """The cases of a problem whose full costs are ``costs``; one alone where nothing is spared.

    No hook is at work whose tensor needs a layer that is pinned to the cloud.
    Raises ProfileError for an exit on a tensor that the model does not have, and for more than eight exits.
    """
    expected = problem.expectation
    if expected == NOTHING_SPARED:
        return (Case(costs),)
    in_cloud = {index for index, on_edge in costs.pinned.items() if not on_edge}
    hooks = tuple(hook for hook in _in_order(problem.graph, expected.exits) if not hook.needs & in_cloud)
    if len(hooks) > _MOST_EXITS:
        raise ProfileError(f"{len(hooks)} exits are more than the {_MOST_EXITS} that are planned with")
    chosen = (some for size in range(len(hooks) + 1) for some in itertools.combinations(hooks, size))
    return tuple(_case(problem, costs, some) for some in chosen)


@dataclass(frozen=True)
class _Hook:
    """An exit and the layers that its tensor depends on."""

    exit: ExitShare
    needs: frozenset[int]


def _in_order(graph: Graph, exits: Sequence[ExitShare]) -> tuple[_Hook, ...]:
    """The hooks as a frame meets them: those with the least to compute first."""
    known = {**dict.fromkeys(graph.inputs, frozenset[int]()), **_ancestors(graph)}
    for share in exits:
        if share.tap not in known:
            raise ProfileError(f"{graph.name} has no tensor {share.tap!r} for an exit")
    hooks = (_Hook(share, known[share.tap]) for share in exits)
    return tuple(sorted(hooks, key=lambda hook: len(hook.needs)))


def _ancestors(graph: Graph) -> dict[str, frozenset[int]]:
    """For every tensor that a layer makes: the layer and all that it depends on."""
    ancestors: dict[str, frozenset[int]] = {}
    for layer in graph.layers:
        needs = frozenset({layer.index}).union(*(ancestors.get(name, frozenset()) for name in layer.inputs))
        ancestors |= dict.fromkeys(layer.outputs, needs)
    return ancestors


def _case(problem: Problem, costs: Costs, hooks: Sequence[_Hook]) -> Case:
    expected = problem.expectation
    passed = [math.prod(1 - hook.exit.share for hook in hooks[:stage]) for stage in range(len(hooks) + 1)]
    reach, wire_share = max(passed[-1], _LEAST), max(expected.wire_share, _LEAST)
    hooks_s = [share * hook.exit.hook_s for share, hook in zip(passed, hooks, strict=False)]
    prepared = costs if not hooks or hooks[0].needs else _always_prepared(costs)
    at_input_s = sum(seconds for seconds, hook in zip(hooks_s, hooks, strict=True) if not hook.needs)
    above = tuple(itertools.accumulate((hook.needs for hook in hooks), operator.or_))
    mean = replace(
        prepared,
        frame_s=prepared.frame_s + at_input_s,
        pack_s=reach * prepared.pack_s,
        energy=costs.energy and _radio(costs.energy, reach * wire_share),
        layers=_layers(problem, costs, passed, hooks_s, above),
        tensors=tuple(scaled_tensor(tensor, reach, reach) for tensor in costs.tensors),
        pinned={**{index: True for layers in above for index in layers}, **costs.pinned},
    )
    return Case(mean, tuple(hook.exit.tap for hook in hooks), reach, wire_share)


def _layers(
    problem: Problem,
    costs: Costs,
    passed: Sequence[float],
    hooks_s: Sequence[float],
    above: Sequence[frozenset[int]],
) -> tuple[LayerCost, ...]:
    """Every layer at the share of frames that reach it; a hook's seconds are with the last layer above it."""
    hook_s: defaultdict[int, float] = defaultdict(float)
    for before, seconds in zip(above, hooks_s, strict=True):
        hook_s[max(before, default=-1)] += seconds
    costed = []
    for layer, cost in zip(problem.graph.layers, costs.layers, strict=True):
        stage = sum(layer.index not in layers for layers in above)
        share = passed[stage] * problem.expectation.density.get(layer.name, 1.0)
        costed.append(scaled_layer(cost, share, passed[-1], share, hook_s[layer.index]))
    return tuple(costed)


def _always_prepared(costs: Costs) -> Costs:
    """A hook that reads the network's input needs it made, also where a picture is sent."""
    return replace(costs, frame_s=costs.always_s, prepare_s=0.0)


def _radio(energy: Energy, share: float) -> Energy:
    return replace(energy, radio_j_per_byte=share * energy.radio_j_per_byte)
