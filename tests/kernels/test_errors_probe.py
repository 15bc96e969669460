"""Probes by stretches against one whole tail behind every layer."""

import numpy as np
import pytest

from evosplit.kernels.errors.network_stretches import segments
from evosplit.kernels.errors.probe import probes
from evosplit.kernels.errors.stretched_network import network_of
from evosplit.shared.graph import load_graph, prefix_cut
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model
from tests.models import branch_net, chain_net, dynamic_net, feeds, residual_net, save


@pytest.mark.parametrize("make", [chain_net, residual_net, branch_net, dynamic_net])
def test_a_change_comes_out_as_behind_a_whole_tail(make, tmp_path) -> None:
    model = make()
    graph = load_graph(save(model, tmp_path))
    inputs = [feeds(model, seed) for seed in range(2)]
    stops = []
    for probe in probes(network_of(graph, 1), inputs):
        stops.append(probe.stop)
        cut = prefix_cut(graph, probe.stop)
        head, tail = Runner(head_model(graph, cut)), Runner(tail_model(graph, cut))
        made = graph.layers[probe.stop - 1].outputs if probe.stop else graph.inputs
        changed = [
            {
                name: one[name] * np.asarray(1.1, one[name].dtype)
                for name in made
                if one[name].dtype.kind == "f"
            }
            for one in probe.values
        ]
        for one, change, found in zip(inputs, changed, probe.outputs(changed), strict=True):
            values = {**one, **head.run({name: one[name] for name in head.input_names}), **change}
            values |= tail.run({name: values[name] for name in cut.boundary})
            assert set(found) == set(graph.outputs)
            for name in graph.outputs:
                np.testing.assert_allclose(found[name], values[name], rtol=1e-3, atol=1e-5)
    assert stops == list(range(len(graph.layers) + 1))


@pytest.mark.parametrize("make", [chain_net, residual_net, branch_net])
def test_stretches_are_the_whole_network_in_order(make, tmp_path) -> None:
    graph = load_graph(save(make(), tmp_path))
    covered = [index for start, end in segments(graph) for index in range(start, end)]
    assert covered == list(range(len(graph.layers)))
    assert len(segments(graph)) <= len(graph.layers) ** 0.5 + 1
