"""Each baseline against a slow reading of its own definition."""

from dataclasses import replace

import pytest
from baseline_problems import measured_problem, simulated_problem
from oracle import cuts

from evosplit.planner import baselines
from evosplit.planner.devices import LayerTiming, MeasuredDevice
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.shared.graph import make_cut
from evosplit.shared.profile import Profile
from evosplit.shared.wire import frame_overhead_bytes

PROBLEMS = [
    *(measured_problem(seed, 6, cuts) for seed in range(15) for cuts in ("any", "prefix")),
    *(simulated_problem(seed, 6, "any") for seed in range(15, 30)),
]


def timings(problem: Problem) -> tuple[LayerTiming, ...]:
    edge = MeasuredDevice(problem.edge) if isinstance(problem.edge, Profile) else problem.edge
    return edge.timings(problem.graph)


def float_bytes(problem: Problem, name: str) -> float:
    tensor = problem.graph.tensors[name]
    return tensor.elements if name in problem.graph.inputs and tensor.is_float else tensor.size_bytes


def float_latency_s(problem: Problem, layers: tuple[int, ...], sent: tuple[str, ...]) -> float:
    """Edge, cloud and link in float, when exactly ``sent`` is priced."""
    edge, cloud_s = timings(problem), problem.cloud.tail_layer_s()
    total_s = sum(edge[at].uniform_s(32) for at in layers)
    total_s += sum(seconds for at, seconds in enumerate(cloud_s) if at not in layers)
    if len(layers) == len(cloud_s):
        return total_s
    encode_s = problem.edge.encode_s_per_byte if isinstance(problem.edge, Profile) else 0.0
    codec_s = encode_s + problem.cloud.decode_s_per_byte
    total_s += codec_s * sum(problem.graph.tensors[name].size_bytes for name in sent)
    wire_bytes = sum(float_bytes(problem, name) for name in sent) + frame_overhead_bytes(str(len(cloud_s)))
    return total_s + problem.link.rtt_s + 8 * wire_bytes / problem.link.bandwidth_bps


@pytest.mark.parametrize("problem", PROBLEMS)
def test_neurosurgeon_prices_the_last_output_alone(problem: Problem) -> None:
    graph = problem.graph
    read = {name for layer in graph.layers for name in layer.inputs}

    def believed_s(stop: int) -> float:
        made = graph.layers[stop - 1].outputs if stop else graph.inputs
        return float_latency_s(problem, tuple(range(stop)), tuple(name for name in made if name in read))

    chosen = baselines.neurosurgeon(problem)
    assert chosen.layers == frozenset(range(len(chosen.layers)))
    least_s = min(believed_s(stop) for stop in range(len(graph.layers) + 1))
    assert believed_s(len(chosen.layers)) == pytest.approx(least_s)
    assert set(chosen.wire) == set(make_cut(graph, chosen.layers).boundary)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_qdmp_is_the_least_of_all_cuts_in_float(problem: Problem) -> None:
    chosen = baselines.qdmp(problem)
    cut = make_cut(problem.graph, chosen.layers)
    least_s = min(float_latency_s(problem, one.layers, one.boundary) for one in cuts(problem))
    assert float_latency_s(problem, cut.layers, cut.boundary) == pytest.approx(least_s, abs=1e-10)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_qdmp_quantised_keeps_the_cut_and_takes_the_fastest_uniform_bits(problem: Problem) -> None:
    chosen, plain = baselines.qdmp_quantised(problem), baselines.qdmp(problem)
    assert chosen.layers == plain.layers
    if not plain.layers:
        assert chosen == plain
        return
    tried = {}
    for bits in (2, 3, 4, 5, 6, 8):
        held = 32 if isinstance(problem.edge, Profile) else bits
        one = replace(
            plain,
            weights={name: bits if problem.errors.weights.get(name) else 32 for name in plain.weights},
            activations={
                name: held if name in problem.errors.activations and name not in problem.graph.inputs else 32
                for name in plain.activations
            },
            wire={
                name: bits if was == 32 and name in problem.errors.activations else was
                for name, was in plain.wire.items()
            },
        )
        found = evaluate(problem, one)
        if found.feasible:
            tried[bits] = found.plan.latency.total_s
    found = evaluate(problem, chosen)
    assert found.feasible == bool(tried)
    if tried:
        assert found.plan.latency.total_s == pytest.approx(min(tried.values()))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_qdmp_retreating_gives_layers_up_until_its_head_fits(problem: Problem) -> None:
    quantised, found = (baselines.qdmp_quantised(problem), baselines.qdmp_retreating(problem))
    if evaluate(problem, quantised).feasible:
        assert found == quantised
    elif found.layers:
        assert evaluate(problem, found).feasible
        assert max(found.layers) < max(quantised.layers)
    else:
        assert found == baselines.cloud16(problem)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_whole_sides(problem: Problem) -> None:
    everything = frozenset(range(len(problem.graph.layers)))
    assert baselines.u8(problem).layers == baselines.edge(problem).layers == everything
    assert set(baselines.u8(problem).weights.values()) <= {8, 32}
    assert set(baselines.edge(problem).weights.values()) == {32}
    assert evaluate(problem, baselines.edge(problem)).plan.error == 0
    remote = evaluate(problem, baselines.cloud16(problem)).plan
    assert remote.cut_key == "0"
    floats = [name for name in remote.wire if problem.graph.tensors[name].is_float]
    assert all(remote.wire[name].bits == 8 for name in floats)


def test_cloud_jpeg_takes_the_smallest_picture_whose_error_is_allowed() -> None:
    problem = next(one for one in PROBLEMS if len(one.graph.inputs) == 1)
    offered = tuple(
        InputEncoding(name, size, error)
        for name, size, error in [
            ("raw8", 900, 0),
            ("jpeg-50", 100, 0.2),
            ("jpeg-80", 200, 0.02),
            ("jpeg-95", 400, 0.01),
        ]
    )
    problem = replace(problem, encodings=offered, limits=replace(problem.limits, max_error=0.1))
    chosen = baselines.cloud_jpeg(problem)
    assert chosen is not None
    assert chosen.layers == frozenset()
    assert set(chosen.codecs.values()) == {"jpeg-80"}
    strict = replace(problem, limits=replace(problem.limits, max_error=0))
    most_accurate = baselines.cloud_jpeg(strict)
    assert most_accurate is not None
    assert set(most_accurate.codecs.values()) == {"jpeg-95"}
    assert not evaluate(strict, most_accurate).feasible
    assert baselines.cloud_jpeg(replace(problem, encodings=())) is None
