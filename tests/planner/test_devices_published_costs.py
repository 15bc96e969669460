import math
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from evosplit.planner.devices.presets import EYERISS_PUBLISHED, TPU_PUBLISHED
from evosplit.planner.devices.published_costs import _blocks
from evosplit.shared.graph import load_graph
from tests import models

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


def walked_cycles(size, kernel, stride, channels, filters, array, bits):
    """Block by block, as the published code runs: the longer of arithmetic and loading, each time."""
    per_byte = array.clock_hz / array.bytes_per_s
    cycles = per_byte * channels * filters * kernel * kernel * bits / 8
    for tall in _blocks(size, array.block_height, kernel):
        rows = int(tall - kernel / stride) + 1 if tall >= kernel else 1
        for wide in _blocks(size, array.block_width, kernel):
            columns = (wide - kernel) // stride + 1 if wide >= kernel else 1
            for start in range(0, channels, array.block_channels):
                depth = min(array.block_channels, channels - start)
                busy = math.ceil(filters / array.block_filters) * rows * math.ceil(bits / 8)
                busy += filters * columns * math.ceil(rows / array.adders) if start else 0
                cycles += max(busy, depth * tall * wide * per_byte * bits / 8)
    return cycles


def test_blocks_overlap_by_the_kernel_less_one():
    assert _blocks(14, 7, 3) == [7, 7]
    assert _blocks(16, 7, 3) == [7, 7, 4]
    assert _blocks(4, 7, 1) == [4]


@pytest.fixture(scope="module")
def resnet50():
    return load_graph(LIGHT / "light_resnet50.onnx")


@pytest.mark.parametrize("array", [EYERISS_PUBLISHED, TPU_PUBLISHED], ids=lambda array: array.name)
def test_a_layer_takes_what_a_walk_over_its_blocks_takes(array, resnet50):
    """Loading hides behind arithmetic layer by layer here, block by block there: at most a fifth less."""
    for layer, timing in zip(resnet50.layers, array.timings(resnet50), strict=True):
        if layer.op == "Conv":
            node = resnet50.model.graph.node[layer.nodes[0]]
            stored = next(found for found in resnet50.model.graph.initializer if found.name == node.input[1])
            (stride,) = {found.ints[0] for found in node.attribute if found.name == "strides"} or {1}
            filters, channels, kernel, _ = stored.dims
            size = resnet50.tensors[layer.inputs[0]].shape[2]
            walked = walked_cycles(size, kernel, stride, channels, filters, array, array.bits)
            cycles = timing.uniform_s(array.bits) * array.clock_hz
            assert 0.8 * walked <= cycles <= 1.0001 * walked


def test_resnet50_stands_where_it_was_published(resnet50):
    """Edge only at 8 bits is 0.962 of cloud only at 16, read off a figure to 0.003; results go up as well."""
    megabits_per_s = 3 * 2**20
    edge_s = (
        sum(timing.uniform_s(8) for timing in EYERISS_PUBLISHED.timings(resnet50)) + 8000 / megabits_per_s
    )
    cloud_s = (
        sum(timing.uniform_s(16) for timing in TPU_PUBLISHED.timings(resnet50)) + 1_204_224 / megabits_per_s
    )
    assert edge_s / cloud_s == pytest.approx(0.962, abs=0.003)


def test_most_of_its_time_are_additions_that_a_systolic_array_does_on_the_way(resnet50):
    free = replace(EYERISS_PUBLISHED, adders=math.inf)
    slow_s, fast_s = (
        sum(timing.compute_s for timing in array.timings(resnet50)) for array in (EYERISS_PUBLISHED, free)
    )
    assert slow_s > 6 * fast_s


def test_only_convolutions_take_time(tmp_path):
    graph = load_graph(models.save(models.residual_net(), tmp_path))
    for layer, timing in zip(graph.layers, EYERISS_PUBLISHED.timings(graph), strict=True):
        assert (timing.uniform_s(8) > 0) == (layer.op == "Conv")
