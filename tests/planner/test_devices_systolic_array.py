from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.planner.devices.gemm import Gemm
from evosplit.planner.devices.presets import EYERISS, TPU
from evosplit.planner.devices.systolic_array import _mapped
from evosplit.shared.graph import load_graph
from tests import models

SMALL = st.integers(1, 9)


def slow_cycles(across, down, stream, rows, columns, preload):
    """Walk every fold and every cell: a value reaches cell (i, j) i + j cycles after it enters the array."""
    now = 0
    for top in range(0, across, rows):
        for left in range(0, down, columns):
            used = [(i, j) for i in range(rows) for j in range(columns)]
            assert top < across
            assert left < down
            now += preload + 1 + max(i + j + t for i, j in used for t in range(stream))
    return now


@settings(deadline=None)
@given(SMALL, SMALL, SMALL, st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))
@pytest.mark.parametrize("dataflow", ["output", "weight", "input"])
def test_equals_a_walk_over_the_cells(dataflow, rows, depth, columns, count, height, width):
    gemm = Gemm(rows, depth, columns, count, "x", "w")
    array = replace(EYERISS, rows=height, columns=width, dataflow=dataflow)
    preload = 0 if dataflow == "output" else height
    slow = slow_cycles(*_mapped(gemm, dataflow), height, width, preload)
    assert array.cycles(gemm) == count * slow


@settings(deadline=None)
@given(SMALL, SMALL, SMALL, st.sampled_from(("output", "weight", "input")))
def test_is_never_faster_than_its_cells(rows, depth, columns, dataflow):
    array = replace(EYERISS, dataflow=dataflow)
    gemm = Gemm(rows * 10, depth * 10, columns * 10, 1, "x", "w")
    assert array.cycles(gemm) * array.rows * array.columns >= gemm.macs


def test_fewer_bits_speed_traffic_and_not_arithmetic(tmp_path):
    graph = load_graph(models.save(models.chain_net(), tmp_path))
    for timing in EYERISS.timings(graph):
        assert timing.uniform_s(2) <= timing.uniform_s(8)
        assert timing.uniform_s(2) >= timing.compute_s


def test_sixteen_bits_take_two_passes():
    gemm = (Gemm(256, 256, 256, 1, "x", "w"),)
    assert TPU.compute_s(gemm) == 2 * replace(TPU, bits=8).compute_s(gemm)


def test_a_layer_without_products_is_bound_by_memory(tmp_path):
    graph = load_graph(models.save(models.chain_net(), tmp_path))
    pool = next(layer.index for layer in graph.layers if layer.op == "MaxPool")
    timing = EYERISS.timings(graph)[pool]
    moved = 8 * 8 * 8 + 8 * 4 * 4 if timing.output_elements else 0
    assert timing.compute_s == 0
    assert timing.uniform_s(8) == pytest.approx(moved / EYERISS.bytes_per_s)
