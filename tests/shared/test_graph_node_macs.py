"""Multiply-accumulates and weight elements, by hand and as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.graph import load_graph
from tests import models

PUBLISHED_MMACS = {
    "squeezenet1.1": 349,
    "mobilenetv2": 301,
    "resnet20_cifar10": 41,
    "resnet56_cifar10": 125,
}


def test_convolutions_plain_grouped_and_depthwise(tmp_path: Path) -> None:
    graph = load_graph(models.save(models.residual_net(blocks=1), tmp_path))
    macs = {layer.name: layer.macs for layer in graph.layers}
    assert macs["conv_stem"] == 8 * 256 * 3 * 9
    assert macs["conv_a0"] == 8 * 256 * 4 * 9
    assert macs["conv_b0"] == 8 * 256 * 1 * 9
    assert macs["gemm_y"] == 8 * 5
    assert macs["add_b0.sum"] == 0


def test_transposed_convolution_counts_from_its_input(tmp_path: Path) -> None:
    graph = load_graph(models.save(models.branch_net(), tmp_path))
    up = next(layer for layer in graph.layers if layer.op == "ConvTranspose")
    assert up.macs == (6 * 8 * 8) * 4 * 2 * 2
    assert up.weight_elements == 6 * 4 * 2 * 2


def test_batched_matrix_products(tmp_path: Path) -> None:
    model = models.chain_net()
    del model.graph.node[:], model.graph.output[:], model.graph.initializer[:]
    weight = np.ones((16, 7), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weight, "w"))
    model.graph.node.append(helper.make_node("MatMul", ["x", "x"], ["square"]))
    model.graph.node.append(helper.make_node("MatMul", ["square", "w"], ["y"]))
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    graph = load_graph(models.save(model, tmp_path))
    assert sum(layer.macs for layer in graph.layers) == 3 * 16 * 16 * 16 + 3 * 16 * 16 * 7
    assert sum(layer.weight_elements for layer in graph.layers) == 16 * 7


def test_settings_are_no_weights(tmp_path: Path) -> None:
    graph = load_graph(models.save(models.chain_net(), tmp_path))
    held = {name for layer in graph.layers for name in layer.weights}
    assert not {"clip.low", "clip.high"} & held
    assert graph.layers[1].weight_elements == 8 * 8 * 9 + 8


@pytest.mark.parametrize("name", PUBLISHED_MMACS)
def test_published_sums(name: str, shared_models: Path) -> None:
    graph = load_graph(shared_models / f"{name}.onnx")
    assert round(sum(layer.macs for layer in graph.layers) / 1e6) == PUBLISHED_MMACS[name]
