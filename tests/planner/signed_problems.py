"""Random problems whose rows go any way with bits: rising, falling, flat, for weights and activations."""

import random
from dataclasses import replace

from full_problems import BESIDE, ENERGY, drawn_encodings, drawn_limits
from graphs import errors, profile, random_graph

from evosplit.planner.devices import MeasuredDevice
from evosplit.planner.encodings import CodecSpeed
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.cost_model import every_choice
from evosplit.planner.problem.costs import Choice, Costs, LayerCost, Linear
from evosplit.planner.problem.limits import Limits
from evosplit.shared.expectation import NOTHING_SPARED, ExitShare, Expectation
from evosplit.shared.graph import Graph
from evosplit.shared.integer_times import IntegerTimes
from evosplit.shared.link import Link

SIGNS = {"rising": (1,), "falling": (-1,), "flat": (0,), "any": (-1, 0, 1)}


def signed_problem(seed: int) -> tuple[Problem, Costs]:
    """A problem of up to four layers, and its costs at every choice.

    A quarter have the rows of a device measured in integers as they are, the others rows drawn at random.
    """
    rng = random.Random(seed)  # noqa: S311
    graph = random_graph(rng, rng.randint(1, 4))
    natural, scale_s = rng.random() < 0.25, 10 ** rng.uniform(-3, -1)
    bits = _bits(rng, natural)
    edge = replace(
        profile(graph, rng, scale_s), **{name: rng.choice([0.0, scale_s]) * rng.random() for name in BESIDE}
    )
    edge_s = sum(edge.layer_s)
    integers = tuple(seconds * rng.uniform(0.1, 1.3) for seconds in edge.layer_s)
    border_s = rng.choice([0.0, 0.2]) * edge_s / 5000
    problem = Problem(
        graph=graph,
        edge=MeasuredDevice(replace(edge, integers=IntegerTimes(integers, {}, border_s)), "edge", ENERGY),
        cloud=profile(graph, rng, 10 ** rng.uniform(-5, -3)),
        errors=errors(graph, rng, replace(bits, weights=(2, 3, 4, 5, 6, 8, 16))),
        link=Link(8000 / (edge_s * 10 ** rng.uniform(-1, 1)), rng.choice([0.0, 0.1]) * edge_s),
        limits=_limits(rng, graph, edge_s),
        bits=bits,
        cuts="prefix" if rng.random() < 0.15 else "any",
        objective=rng.choice(["latency", "latency", "throughput", "energy", "cloud"]),
        plain=CodecSpeed(1e-8, 1e-8) if rng.random() < 0.2 else None,
        encodings=drawn_encodings(rng, graph),
        expectation=_expectation(rng, graph, edge_s) if rng.random() < 0.4 else NOTHING_SPARED,
    )
    costs = every_choice(problem)
    return problem, costs if natural else signed_costs(rng, costs, graph, scale_s)


def signed_costs(rng: random.Random, costs: Costs, graph: Graph, scale_s: float) -> Costs:
    """The costs with rows of one to three terms of any sign for seconds, and one for joules."""
    stored = {tensor.name: tensor.activation for tensor in costs.tensors}
    of_weights, of_tensors = (SIGNS[rng.choice(list(SIGNS))] for _ in range(2))

    def row(layer: LayerCost, names: tuple[str, ...], scale: float, least: bool) -> Linear:
        def slope(signs: tuple[int, ...]) -> float:
            return rng.choice(signs) * rng.random() * scale / 32

        found = Linear(
            rng.uniform(-0.5, 1) * scale,
            slope(of_weights) if layer.weights else 0.0,
            {name: slope(of_tensors) for name in names},
        )
        low = found.fixed + _lowest(found.per_weight_bit, layer.weights)
        low += sum(_lowest(slope, stored[name]) for name, slope in found.per_bit.items())
        return replace(found, fixed=found.fixed + max(rng.random() * scale - low, 0.0)) if least else found

    layers = []
    for layer, known in zip(costs.layers, graph.layers, strict=True):
        names = tuple(dict.fromkeys((*known.inputs, *known.outputs)))
        more = [row(layer, names, scale_s, False) for _ in range(rng.choice([0, 1, 2]))]
        edge_s = (row(layer, names, scale_s, True), *more)
        joules, weights = row(layer, names, 1e-3, True), _shuffled(rng, layer.weights)
        layers.append(replace(layer, weights=weights, edge_s=edge_s, energy_j=joules))
    tensors = (replace(one, activation=_shuffled(rng, one.activation)) for one in costs.tensors)
    return replace(costs, layers=tuple(layers), tensors=tuple(tensors))


def _shuffled(rng: random.Random, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Now and then with the errors of other choices: fewer bits need not be less accurate."""
    errors = [choice.error for choice in choices]
    if rng.random() < 0.3:
        rng.shuffle(errors)
    return tuple(replace(choice, error=error) for choice, error in zip(choices, errors, strict=True))


def _lowest(slope: float, choices: tuple[Choice, ...]) -> float:
    return min((slope * choice.bits for choice in choices), default=0.0)


def _bits(rng: random.Random, natural: bool) -> BitChoices:
    """What is computed in integers is exact at eight bits and at 32, and for weights at fewer than eight."""
    wire = tuple(sorted(rng.sample([2, 3, 4, 5, 6, 8, 16], 2)))
    if natural:
        return BitChoices(tuple(sorted((32, *rng.sample([2, 4, 6, 8], 2)))), (8, 32), wire)
    weights, activations = (
        tuple(sorted(rng.sample([2, 4, 8, 16, 32], rng.choice([2, 3])))) for _ in range(2)
    )
    return BitChoices(weights, activations, wire)


def _limits(rng: random.Random, graph: Graph, edge_s: float) -> Limits:
    """All kinds; each but the error is often missing, since what has no limit is not compared.

    Often the whole network is on the edge, where bits matter most.
    """
    drawn = drawn_limits(rng, graph, edge_s)
    names = ("deadline_s", "period_s", "energy_j", "cloud_s")
    missing = [name for name in names if rng.random() < 0.8]
    missing += ["memory_bytes"] if rng.random() < 0.5 else []
    pinned = {layer.name: "edge" for layer in graph.layers} if rng.random() < 0.25 else drawn.pinned
    return replace(drawn, **dict.fromkeys(missing), pinned=pinned)


def _expectation(rng: random.Random, graph: Graph, edge_s: float) -> Expectation:
    taps = rng.sample(list(graph.tensors), rng.choice([1, 2]))
    exits = tuple(ExitShare(tap, rng.choice([0.3, 0.6, 0.95]), 0.1 * rng.random() * edge_s) for tap in taps)
    masked = rng.sample(graph.layers, len(graph.layers) // 2)
    density = {layer.name: rng.random() for layer in masked}
    return Expectation(exits, density, rng.choice([1.0, 0.4]))
