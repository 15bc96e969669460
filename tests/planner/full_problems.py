"""Random problems with everything on: both kinds of devices, all limits, all objectives."""

import math
import random
from dataclasses import dataclass, replace

from graphs import errors, profile, random_graph

from evosplit.planner.devices import Energy, LayerTiming, MeasuredDevice
from evosplit.planner.encodings import CodecSpeed, InputEncoding
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.limits import Limits
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link

ENERGY = Energy(1e-6, 2e-8, 3e-8, 0.5, "made up")
BESIDE = ("frame_s", "prepare_s", "pack_s")
OBJECTIVES = ("latency", "throughput", "energy", "cloud")


@dataclass(frozen=True)
class FakeDevice:
    """A simulated device with random timings."""

    layers: tuple[LayerTiming, ...]
    bits: int
    choices: tuple[int, ...]
    energy: Energy | None = ENERGY
    name: str = "fake"
    source: str = "made up"

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        assert len(graph.layers) == len(self.layers)
        return self.layers


def fake_device(rng: random.Random, graph: Graph, scale_s: float, bits: int, choices: tuple[int, ...]):
    def moved(names):
        floats = [name for name in names if graph.tensors[name].is_float]
        return tuple((name, graph.tensors[name].elements * rng.choice([1, 2])) for name in floats)

    big = {one.name: math.prod(one.dims) for one in graph.model.graph.initializer}
    layers = []
    for layer in graph.layers:
        weights = sum(big.get(name, 0) for name in layer.weights)
        layers.append(
            LayerTiming(
                compute_s=scale_s * rng.random(),
                weight_elements=weights if weights >= 256 else 0,
                input_elements=moved(dict.fromkeys(layer.inputs)),
                output_elements=moved(layer.outputs),
                fixed_bytes=rng.choice([0, 100]),
                bytes_per_s=10 ** rng.uniform(2.5, 4.5) / scale_s,
                launch_s=rng.choice([0.0, 0.1 * scale_s]),
                overlap=rng.random() < 0.7,
                weights_first=rng.random() < 0.3,
                macs=rng.randint(0, 1000),
            )
        )
    return FakeDevice(tuple(layers), bits, choices)


def full_problem(seed: int) -> Problem:
    """Measured up to 9 layers, or simulated up to 4 with three bit-widths of everything."""
    rng = random.Random(seed)  # noqa: S311
    simulated = seed % 3 == 0
    graph = random_graph(rng, rng.randint(1, 4 if simulated else 9))
    edge_scale, cloud_scale = 10 ** rng.uniform(-3, -1), 10 ** rng.uniform(-5, -3)
    if simulated:
        widths = tuple(sorted(rng.sample([2, 3, 4, 5, 6, 8, 16], 3)))
        bits = BitChoices(widths, widths, tuple(sorted(rng.sample([2, 3, 4, 5, 6, 8, 16], 3))))
        edge = fake_device(rng, graph, edge_scale, 8, widths)
        cloud = fake_device(rng, graph, cloud_scale, 16, (16,))
        edge_s = sum(timing.uniform_s(8) for timing in edge.layers)
    else:
        bits = BitChoices(
            tuple(sorted(rng.sample([2, 3, 4, 5, 6, 8, 32], 3))),
            tuple(sorted(rng.sample([4, 8, 32], 2))) if len(graph.layers) < 6 else (32,),
            tuple(sorted(rng.sample([2, 3, 4, 5, 6, 8, 16], 3))),
        )
        beside = {name: rng.choice([0.0, edge_scale]) * rng.random() for name in BESIDE}
        edge = MeasuredDevice(replace(profile(graph, rng, edge_scale), **beside), "edge", ENERGY)
        cloud = profile(graph, rng, cloud_scale)
        edge_s = sum(edge.profile.layer_s)
    link = Link(8000 / (edge_s * 10 ** rng.uniform(-1, 1)), rng.choice([0.0, 0.1]) * edge_s)
    encodings = drawn_encodings(rng, graph)
    return Problem(
        graph=graph,
        edge=edge,
        cloud=cloud,
        errors=errors(graph, rng, replace(bits, weights=(2, 3, 4, 5, 6, 8, 16))),
        link=link,
        limits=drawn_limits(rng, graph, edge_s),
        bits=bits,
        cuts="prefix" if seed % 7 == 0 else "any",
        objective=rng.choice(OBJECTIVES),
        plain=CodecSpeed(1e-8, 1e-8) if rng.random() < 0.3 else None,
        encodings=encodings,
    )


def drawn_encodings(rng: random.Random, graph: Graph) -> tuple[InputEncoding, ...]:
    if rng.random() >= 0.3:
        return ()
    size = graph.tensors[graph.inputs[0]].elements
    return (
        InputEncoding("jpeg-80", size * 0.3, 10 ** rng.uniform(-3, 0), 1e-4, 1e-5),
        InputEncoding("png", size * 0.7, 0.0, 1e-4, 1e-5),
    )


def drawn_limits(rng: random.Random, graph: Graph, edge_s: float) -> Limits:
    """All on, each from tight to loose."""
    pinned = {}
    if rng.random() < 0.2:
        pinned[rng.choice(graph.layers).name] = rng.choice(["edge", "cloud"])
    return Limits(
        memory_bytes=round(10 ** rng.uniform(3.8, 5)),
        max_error=10 ** rng.uniform(-2.5, 0.5),
        deadline_s=edge_s * 10 ** rng.uniform(-0.2, 1),
        period_s=edge_s * 10 ** rng.uniform(-0.3, 1),
        energy_j=10 ** rng.uniform(-3.5, 0),
        cloud_s=10 ** rng.uniform(-3.5, 0),
        min_depth=rng.choice([0, 0, 0, 1, 2]),
        pinned=pinned,
        memory_model=rng.choice(["live", "live", "paper"]),
    )
