"""Small hand-made and random problems: no ONNX Runtime, every number at hand."""

import math
import random

import numpy as np
import onnx
from onnx import numpy_helper

from evosplit.kernels.errors.measure_table import ActivationErrors, ErrorTable, WeightErrors
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.limits import Limits
from evosplit.shared.graph import Graph, Layer, Tensor
from evosplit.shared.link import Link
from evosplit.shared.profile import Machine, Profile

SHA256 = "5" * 64
MACHINE = Machine("test", 1, 1, "test", "test")


def random_graph(rng: random.Random, layers: int) -> Graph:
    """A random DAG with skips, shared tensors, layers without weights, and several outputs."""
    tensors = {"x": tensor(rng, "x")}
    inputs = ["x"]
    if rng.random() < 0.2:
        tensors["x2"] = tensor(rng, "x2")
        inputs.append("x2")
    made, initialisers = [], []
    for index in range(layers):
        reads = tuple(sorted(rng.sample(list(tensors), min(len(tensors), rng.choice([1, 1, 2])))))
        weights = ()
        if rng.random() < 0.8:
            shape = (rng.randint(1, 4), rng.randint(40, 400))
            weights = (f"w{index}", f"b{index}")
            initialisers += [numpy_helper.from_array(np.zeros(shape, np.float32), f"w{index}")]
            initialisers += [numpy_helper.from_array(np.zeros(shape[:1], np.float32), f"b{index}")]
        outputs = tuple(f"t{index}{part}" for part in "ab"[: 2 if rng.random() < 0.15 else 1])
        for name in outputs:  # networks shrink their data: without that no cut but the two ends is good
            tensors[name] = tensor(rng, name, 3000 // (index + 2) ** 2)
        made.append(Layer(index, f"l{index}", "Op", (), (index,), reads, outputs, weights, 1, 1))
    read = {name for layer in made for name in layer.inputs}
    outputs = tuple(
        name for name in tensors if name not in inputs and (name not in read or rng.random() < 0.1)
    )
    model = onnx.ModelProto()
    model.graph.initializer.extend(initialisers)
    return Graph("net", SHA256, tuple(made), tensors, tuple(inputs), outputs, model)


def tensor(rng: random.Random, name: str, most: int = 2000) -> Tensor:
    return Tensor(name, (1, rng.randint(most // 4, most)), "int64" if rng.random() < 0.1 else "float32")


def profile(graph: Graph, rng: random.Random, scale_s: float) -> Profile:
    layer_s = tuple(scale_s * rng.random() for _ in graph.layers)
    heads = {len(layer_s): 0.9 * sum(layer_s)} if rng.random() < 0.5 else {}
    codec_s = rng.choice([0.0, 1e-7])
    return Profile("net", SHA256, MACHINE, 1, 1.0, layer_s, heads, {}, codec_s, codec_s)


def errors(graph: Graph, rng: random.Random, bits: BitChoices) -> ErrorTable:
    def by_bits(offered: tuple[int, ...]) -> dict[int, float]:
        size = 10 ** rng.uniform(-1, 1)
        return {width: size * 4.0**-width * rng.uniform(0.5, 2) for width in offered if width != 32}

    big = {one.name for one in graph.model.graph.initializer if math.prod(one.dims) >= 256}
    weighted = [layer.name for layer in graph.layers if big.intersection(layer.weights)]
    weights = {
        name: WeightErrors(found, found, found) for name in weighted for found in [by_bits(bits.weights)]
    }
    widths = (2, 3, 4, 5, 6, 8, 16, 32)
    activations = {}
    for name, one in graph.tensors.items():
        if one.is_float:
            found = by_bits(widths)
            lows, highs = dict.fromkeys(found, -1.0), dict.fromkeys(found, 1.0)
            wire = {width: one.elements * width / 8 * rng.uniform(0.5, 1) for width in widths}
            activations[name] = ActivationErrors(found, found, found, lows, highs, wire)
    return ErrorTable("net", SHA256, 1, weights, activations, {})


def random_problem(seed: int, layers: int = 6, cuts: str = "prefix", **limits: float) -> Problem:
    """A problem with three bit-widths of each kind; limits are given, or drawn, tight ones included."""
    rng = random.Random(seed)  # noqa: S311
    graph = random_graph(rng, rng.randint(1, layers))
    floats = rng.random() < 0.7
    bits = BitChoices(
        weights=tuple(sorted(rng.sample([2, 4, 6, 8], 2))) + ((32,) if floats else (16,)),
        activations=tuple(sorted(rng.sample([4, 6, 8, 16, 32], rng.choice([1, 2])))),
        wire=tuple(sorted(rng.sample([2, 3, 4, 6, 8, 16], 3))),
    )
    limits = limits or {
        "memory_bytes": rng.choice([None, round(10 ** rng.uniform(3.3, 4.6))]),
        "max_error": 10 ** rng.uniform(-4, 0.5),
    }
    edge, cloud = (
        profile(graph, rng, 10 ** rng.uniform(-3, -1)),
        profile(graph, rng, 10 ** rng.uniform(-5, -3)),
    )
    # Sending a kilobyte takes about as long as a few layers, so that the link matters but is not all.
    bandwidth_bps = 8000 / (sum(edge.layer_s) * 10 ** rng.uniform(-1, 1))
    return Problem(
        graph=graph,
        edge=edge,
        cloud=cloud,
        errors=errors(graph, rng, bits),
        link=Link(bandwidth_bps, rng.choice([0.0, 0.1]) * sum(edge.layer_s)),
        limits=Limits(**limits),
        bits=bits,
        cuts=cuts,
    )
