"""What changes for the worse never makes the best plan faster, on real networks and measured profiles."""

import functools
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.planner_models import light_graph
from benchmarks.synthetic_problem import profile_of, synthetic_errors
from evosplit.planner.problem import Problem, default_bits
from evosplit.planner.problem.cost_model import problem_costs
from evosplit.planner.problem.device_pair import plain_speed
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.spending import spending
from evosplit.planner.solve import optimum
from evosplit.planner.table import plan_table
from evosplit.shared.graph import load_graph
from evosplit.shared.link import Link
from evosplit.shared.slowdown import slowed

REAL = ("lprnet", "squeezenet1.1", "resnet20_cifar10", "ultraface_rfb320", "mobilenetv2")
LIGHT = ("squeezenet", "shufflenet")
BANDWIDTHS = st.floats(4.7, 9.0).map(lambda exponent: 10**exponent)
WORSE = (
    "pin to the edge",
    "pin to the cloud",
    "bandwidth",
    "round trip",
    "error",
    "memory",
    "cloud",
    "depth",
)


@functools.cache
def asked_of(name: str, models: Path | None, slowdown: float, has_integers: bool) -> Problem:
    """A network with the profile measured of it, or one made up."""
    graph = light_graph(name) if models is None else load_graph(models / f"{name}.onnx")
    cloud = replace(profile_of(graph), integers=None)
    edge = slowed(profile_of(graph), slowdown)
    edge = edge if has_integers else replace(edge, integers=None)
    errors, plain = synthetic_errors(graph), plain_speed(edge, cloud)
    return Problem(graph, edge, cloud, errors, Link(1e6), bits=default_bits(edge), plain=plain)


def latency_s(problem: Problem) -> float:
    costs = problem_costs(problem)
    found = optimum(costs, problem.link)
    return math.inf if found is None else spending(costs, found).latency(problem.link).total_s


def worse(problem: Problem, how: str, share: float) -> Problem:
    """The problem with one thing changed for the worse; ``share``: which layer, or how much stays."""
    graph, link, limits = problem.graph, problem.link, problem.limits
    layer = graph.layers[int(share * len(graph.layers))].name
    all_bytes = sum(tensor.size_bytes for tensor in graph.tensors.values())
    changed = {
        "pin to the edge": replace(limits, pinned={**limits.pinned, layer: "edge"}),
        "pin to the cloud": replace(limits, pinned={**limits.pinned, layer: "cloud"}),
        "error": replace(limits, max_error=share * limits.error_limit),
        "memory": replace(limits, memory_bytes=round(share * all_bytes)),
        "cloud": replace(limits, cloud_s=share * sum(problem.cloud.layer_s)),
        "depth": replace(limits, min_depth=1 + round(3 * share)),
    }
    links = {
        "bandwidth": Link(max(share, 1e-3) * link.bandwidth_bps, link.rtt_s),
        "round trip": Link(link.bandwidth_bps, link.rtt_s + share),
    }
    return replace(problem, link=links.get(how, link), limits=changed.get(how, limits))


def check(problem: Problem, how: str, share: float, bandwidth_bps: float) -> None:
    problem = replace(problem, link=Link(bandwidth_bps, 0.02))
    better_s, worse_s = latency_s(problem), latency_s(worse(problem, how, share))
    assert better_s <= worse_s * (1 + 1e-8) + 2e-9


CHANGES = {
    "slowdown": st.sampled_from((1.0, 8.0, 20.0, 50.0)),
    "has_integers": st.sampled_from((True, True, False)),
    "how": st.sampled_from(WORSE),
    "share": st.floats(0.0, 0.999),
    "bandwidth_bps": BANDWIDTHS,
}


@settings(max_examples=16, deadline=None)
@given(name=st.sampled_from(REAL), **CHANGES)
@example("lprnet", 8.0, True, "pin to the edge", 0.999, 1e9)
@example("squeezenet1.1", 8.0, True, "pin to the edge", 0.999, 1.38e8)
def test_real_networks(
    shared_models: Path,
    name: str,
    slowdown: float,
    has_integers: bool,
    how: str,
    share: float,
    bandwidth_bps: float,
) -> None:
    check(asked_of(name, shared_models, slowdown, has_integers), how, share, bandwidth_bps)


@settings(max_examples=10, deadline=None)
@given(name=st.sampled_from(LIGHT), **CHANGES)
def test_networks_of_the_onnx_package(
    name: str, slowdown: float, has_integers: bool, how: str, share: float, bandwidth_bps: float
) -> None:
    check(asked_of(name, None, slowdown, has_integers), how, share, bandwidth_bps)


@pytest.mark.parametrize("slowdown", [1.0, 20.0])
def test_a_table_is_the_optimum_at_every_bandwidth_and_falls_with_it(slowdown: float) -> None:
    problem = asked_of("squeezenet", None, slowdown, True)
    problem = replace(
        problem, link=Link(1e6, 0.02), limits=Limits(pinned={problem.graph.layers[2].name: "edge"})
    )
    table = plan_table(problem)
    found = []
    for exponent in (4.7, 5.3, 6.0, 6.7, 7.4, 8.1, 9.0):
        link = Link(10**exponent, 0.02)
        found.append(table.best(link.bandwidth_bps).latency_at(link).total_s)
        assert found[-1] == pytest.approx(latency_s(replace(problem, link=link)), abs=3e-8)
    assert found == sorted(found, reverse=True)
