"""What is probed within a budget, and what is supposed of the rest."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.errors.activations import measure_activations
from evosplit.kernels.errors.composed_gains import composed_gains
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.kernels.errors.probe_budget import Effort, afforded, passed_inputs, probe_effort, stop_costs
from evosplit.kernels.errors.quantised_changes import things
from evosplit.kernels.errors.stretched_network import network_of
from evosplit.kernels.errors.weights import measure_weights
from evosplit.shared.graph import load_graph
from tests.models import branch_net, chain_net, feeds, residual_net, save

COSTS = st.lists(st.floats(0, 1e12), min_size=2, max_size=60)


@settings(max_examples=100, deadline=None)
@given(COSTS, st.floats(0, 1.5))
def test_the_budget_is_kept_but_for_a_few_probes(costs: list[float], share: float) -> None:
    budget = share * sum(costs)
    taken = afforded(costs, budget)
    assert {0, len(costs) - 1} <= taken <= set(range(len(costs)))
    spent = sum(costs[index] for index in taken)
    assert spent <= budget + 3 * max(costs) + 1e-6 * sum(costs)
    if share >= 1:
        assert taken == frozenset(range(len(costs)))


def test_cheap_stops_are_all_probed_and_dear_ones_evenly() -> None:
    costs = [100.0] * 12 + [1.0] * 12
    taken = afforded(costs, 412.0)
    assert set(range(12, 24)) <= taken
    dear = sorted(index for index in taken if index < 12)
    assert dear[0] == 0
    assert 4 <= len(dear) <= 5
    assert max(b - a for a, b in itertools.pairwise(dear)) <= 3


def test_fewer_inputs_first_then_fewer_layers_then_fewer_widths(tmp_path) -> None:
    network = network_of(load_graph(save(residual_net(), tmp_path)), 1)
    total = 2 * sum(stop_costs(network))
    assert probe_effort(network, (4, 6), 100 * total) == Effort(8, (4, 6))
    assert probe_effort(network, (4, 6), 5.5 * total) == Effort(5, (4, 6))
    assert probe_effort(network, (4, 6), 1.1 * total) == Effort(2, (4, 6))
    fewer = probe_effort(network, (4, 6), 0.9 * total)
    assert (fewer.inputs, fewer.widths) == (2, (4, 6))
    assert fewer.stops is not None
    assert len(fewer.stops) < len(network.graph.layers) + 1
    least = probe_effort(network, (4, 6), 0.01 * total)
    assert (least.inputs, least.widths) == (1, (4,))


def test_passes_take_all_inputs_of_small_networks(tmp_path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    assert passed_inputs(graph, 16) == 16
    assert passed_inputs(graph, 1) == 1


@pytest.mark.parametrize("make", [residual_net, branch_net])
def test_composed_gains_are_near_the_full_ones(tmp_path, make) -> None:
    model = make()
    network = network_of(load_graph(save(model, tmp_path)), 1)
    calibration = [feeds(model, seed) for seed in range(2)]
    pool = ThreadPoolExecutor(2)
    activations, _ = measure_activations(network, calibration, lambda: None, "mse", pool)
    every = list(things(network, activations, measure_weights(network, pool), 0))
    ticks: list[int] = []
    stops = range(len(network.graph.layers) + 1)
    probed = (network, calibration)
    full = composed_gains(*probed, stops, every, activations, lambda: None, (4, 6), pool)
    few = composed_gains(*probed, {0, stops[-1]}, every, activations, lambda: ticks.append(1), (4, 6), pool)
    assert len(ticks) == len(stops)
    assert few.keys() == full.keys() == set(every)
    ratios = np.array([few[thing] / full[thing] for thing in every if full[thing] > 0])
    assert np.median(ratios) >= 0.5, "rather too much than too little"
    assert ((ratios > 0.05) & (ratios < 200)).all()
    assert all(few[thing] == full[thing] for thing in every if thing.stop in (0, stops[-1]))


def test_tables_of_a_small_budget_are_complete_and_repeatable(tmp_path, monkeypatch) -> None:
    model = residual_net()
    graph = load_graph(save(model, tmp_path))
    calibration = [feeds(model, seed) for seed in range(3)]
    usual = measure_errors(graph, calibration, threads=1)
    monkeypatch.setattr(
        "evosplit.kernels.errors.gains.probe_effort", lambda *_: Effort(1, (4,), frozenset({0}))
    )
    small = measure_errors(graph, calibration, threads=1)
    assert (
        small
        == measure_errors(graph, calibration, threads=1)
        == measure_errors(graph, calibration, threads=3)
    )
    assert small.activations.keys() == usual.activations.keys()
    assert small.weights.keys() == usual.weights.keys()
    for one in (*small.activations.values(), *small.weights.values()):
        errors = [one.error[bits] for bits in sorted(one.error)]
        assert errors == sorted(errors, reverse=True)
