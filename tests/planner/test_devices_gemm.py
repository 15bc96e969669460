from pathlib import Path

import onnx
import pytest
from onnx import helper

from evosplit.planner.devices.gemm import Gemm, layer_gemms
from evosplit.shared.graph import graph_from_model, load_graph
from tests import models

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


@pytest.mark.parametrize("make", [models.chain_net, models.residual_net, models.branch_net])
def test_products_hold_every_multiply_accumulate(make, tmp_path):
    graph = load_graph(models.save(make(), tmp_path))
    counted = [sum(gemm.macs for gemm in gemms) for gemms in layer_gemms(graph)]
    assert counted == [layer.macs for layer in graph.layers]


@pytest.mark.parametrize("name", ["mobilenetv2", "yolox_nano", "vit_cifar10", "lprnet"])
def test_products_of_real_models(name, shared_models):
    graph = load_graph(shared_models / f"{name}.onnx")
    counted = [sum(gemm.macs for gemm in gemms) for gemms in layer_gemms(graph)]
    assert counted == [layer.macs for layer in graph.layers]


def test_convolutions_by_hand(tmp_path):
    graph = load_graph(models.save(models.residual_net(blocks=1), tmp_path))
    found = [gemm for gemms in layer_gemms(graph) for gemm in gemms]
    shapes = [(gemm.rows, gemm.depth, gemm.columns, gemm.count) for gemm in found]
    assert shapes == [(256, 27, 8, 1), (256, 36, 4, 2), (256, 9, 1, 8), (1, 8, 5, 1)]


def test_stacked_products(tmp_path):
    found = _matmul((3, 4, 5), (3, 5, 6), (3, 4, 6))
    assert found == Gemm(4, 5, 6, 3, "a", "b")
    assert _matmul((3, 4, 5), (5, 6), (3, 4, 6)) == Gemm(12, 5, 6, 1, "a", "b")
    assert _matmul((4, 5), (3, 5, 6), (3, 4, 6)) == Gemm(4, 5, 6, 3, "a", "b")
    assert _matmul((4, 5), (5,), (4,)) == Gemm(4, 5, 1, 1, "a", "b")
    assert _matmul((5,), (5, 6), (6,)) == Gemm(1, 5, 6, 1, "a", "b")


def _matmul(left, right, output):
    values = {
        name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in {"a": left, "b": right, "y": output}.items()
    }
    node = helper.make_node("MatMul", ["a", "b"], ["y"], name="m")
    body = helper.make_graph([node], "net", [values["a"], values["b"]], [values["y"]])
    graph = graph_from_model(helper.make_model(body), "net", "0" * 64)
    return layer_gemms(graph)[0][0]
