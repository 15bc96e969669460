import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from evosplit.planner.problem.model_remarks import statements
from evosplit.shared.graph import load_graph
from evosplit.shared.weight_sizes import layer_weight_bytes, quantised_weights
from tests.models import feeds, residual_net, save


class Reader(CalibrationDataReader):
    def __init__(self, model):
        self.inputs = iter([feeds(model, seed) for seed in range(2)])

    def get_next(self):
        return next(self.inputs, None)


def test_most_models_need_no_statement(tmp_path) -> None:
    assert statements(load_graph(save(residual_net(blocks=1), tmp_path))) == ()


def test_integer_weights_keep_their_bits_and_count_as_they_stand(tmp_path) -> None:
    model = residual_net(blocks=2)
    path = save(model, tmp_path)
    quantised = tmp_path / "quantised.onnx"
    quantize_static(str(path), str(quantised), Reader(model), quant_format=QuantFormat.QOperator)
    graph = load_graph(quantised)
    assert quantised_weights(graph) == {}
    sizes = layer_weight_bytes(graph, (4, 8, 32))
    elements = sum(np.prod(one.dims) for one in onnx.load(path).graph.initializer if len(one.dims) >= 2)
    for width in (4, 8, 32):
        assert elements <= sum(size[width] for size in sizes) <= 2 * elements
    (line,) = statements(graph)
    assert "is quantised already (" in line
    assert "QLinearConv" in line


def test_control_flow_is_one_layer(tmp_path) -> None:
    def branch(name: str, op: str) -> onnx.GraphProto:
        node = helper.make_node(op, ["x"], [name])
        return helper.make_graph(
            [node], name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4])]
        )

    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["positive"]),
        helper.make_node(
            "If", ["positive"], ["y"], then_branch=branch("a", "Exp"), else_branch=branch("b", "Neg")
        ),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "net",
        [value("x", TensorProto.FLOAT, [1, 4])],
        [value("y", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(np.float32(0), "zero")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "choice.onnx"
    onnx.save(model, path)
    (line,) = statements(load_graph(path))
    assert "control flow (1 If): each runs whole on one side" in line


def test_pairs_keep_integer_tensors_as_they_are(tmp_path) -> None:
    model = residual_net(blocks=1)
    path = save(model, tmp_path)
    quantised = tmp_path / "pairs.onnx"
    quantize_static(str(path), str(quantised), Reader(model), quant_format=QuantFormat.QDQ)
    graph = load_graph(quantised)
    assert any(tensor.dtype == "int8" for tensor in graph.tensors.values())
    (line,) = statements(graph)
    assert "(QDQ): integer weights and tensors keep their bits" in line
