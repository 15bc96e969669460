import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.planner.devices.gemm import layer_gemms
from evosplit.planner.devices.memory_traffic import OnChip, layer_traffic, loads
from evosplit.shared.graph import load_graph
from evosplit.shared.weight_sizes import initialisers, quantised_weights
from tests import models

SIZE = st.floats(1, 1e6, allow_subnormal=False)


@settings(deadline=None)
@given(SIZE, SIZE, SIZE)
def test_loads_are_the_cheaper_order(left, right, held):
    times = loads(left, right, held)
    moved = times[0] * left + times[1] * right
    assert 1 in times
    assert moved <= left + math.ceil(left / held) * right + 1e-6
    assert moved <= right + math.ceil(right / held) * left + 1e-6


@settings(deadline=None)
@given(SIZE, SIZE, SIZE)
def test_what_fits_is_loaded_once(left, right, spare):
    assert loads(left, right, min(left, right) + spare) == (1, 1)


@pytest.mark.parametrize("make", [models.chain_net, models.residual_net, models.branch_net])
def test_a_large_chip_moves_everything_once(make, tmp_path):
    graph = load_graph(models.save(make(), tmp_path))
    for layer, moved in zip(graph.layers, traffic(graph, 1e9), strict=True):
        if moved.output_elements:
            assert moved.input_elements == elements(graph, layer.inputs)
            assert moved.output_elements == elements(graph, layer.outputs)
            packed = quantised_weights(graph).get(layer.name, ())
            large = sum(math.prod(initialisers(graph)[name].dims) for name in packed)
            assert moved.weight_elements == large
            assert moved.fixed_bytes == 4 * (layer.weight_elements - large)


def test_a_small_chip_loads_again(tmp_path):
    graph = load_graph(models.save(models.chain_net(), tmp_path))
    total = {
        size: sum(
            moved.weight_elements + sum(count for _, count in moved.input_elements)
            for moved in traffic(graph, size)
        )
        for size in (100, 1000, 100_000)
    }
    assert total[100] > total[1000] > total[100_000]


def test_tensors_that_stay_on_the_chip_cost_nothing(tmp_path):
    graph = load_graph(models.save(models.chain_net(), tmp_path))
    for moved in traffic(graph, 1e9, keeps=True):
        assert moved.input_elements == moved.output_elements == ()


def test_a_view_moves_nothing(tmp_path):
    graph = load_graph(models.save(models.chain_net(), tmp_path))
    moves = traffic(graph, 1e9)
    views = [layer.index for layer in graph.layers if layer.op in ("Flatten", "Reshape")]
    assert views
    assert all(moves[index].input_elements == () for index in views)


def traffic(graph, buffer_bytes, keeps=False):
    return layer_traffic(graph, layer_gemms(graph), OnChip(buffer_bytes, 8, keeps))


def elements(graph, names):
    return tuple((name, graph.tensors[name].elements) for name in names)
