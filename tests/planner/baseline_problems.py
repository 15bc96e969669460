"""Random problems on which every baseline's bits have a price."""

import random
from dataclasses import dataclass, replace

from graphs import errors, random_problem

from evosplit.planner.devices import Energy, LayerTiming
from evosplit.planner.problem import BitChoices, Problem
from evosplit.shared.graph import Graph

ALL_BITS = (2, 3, 4, 5, 6, 8, 16, 32)
BITS = BitChoices(ALL_BITS, ALL_BITS, ALL_BITS)


@dataclass(frozen=True)
class ToyDevice:
    """Random layers whose traffic depends on their bits."""

    seed: int
    scale_s: float
    name: str = "toy"
    bits: int = 8
    choices: tuple[int, ...] = ALL_BITS
    energy: Energy | None = None
    source: str = "a test"

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        rng = random.Random(self.seed)  # noqa: S311
        return tuple(
            LayerTiming(
                compute_s=self.scale_s * rng.random(),
                weight_elements=rng.choice([0, 300]),
                input_elements=moved(graph, layer.inputs),
                output_elements=moved(graph, layer.outputs),
                fixed_bytes=rng.choice([0, 100]),
                bytes_per_s=3000 / self.scale_s,
                overlap=rng.random() < 0.7,
                weights_first=rng.random() < 0.3,
            )
            for layer in graph.layers
        )


def moved(graph: Graph, names: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    return tuple((name, graph.tensors[name].elements) for name in names if graph.tensors[name].is_float)


def measured_problem(seed: int, layers: int = 6, cuts: str = "any", **limits: float) -> Problem:
    """Profiles on both sides, every width on offer."""
    problem = random_problem(seed, layers, cuts, **limits)
    rng = random.Random(seed)  # noqa: S311
    return replace(problem, errors=errors(problem.graph, rng, BITS), bits=BITS)


def simulated_problem(seed: int, layers: int = 6, cuts: str = "any", **limits: float) -> Problem:
    """A simulated edge whose times depend on bits."""
    problem = measured_problem(seed, layers, cuts, **limits)
    total_s = sum(problem.edge.layer_s)
    return replace(problem, edge=ToyDevice(seed, 2 * total_s / len(problem.graph.layers)))
