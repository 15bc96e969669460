"""Graphs that few networks have, but that ONNX allows: each cut of them is exact too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper, parser

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Cut, Graph, Tensor, graph_from_model, prefix_cuts
from evosplit.shared.graph.passes import normalise
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model, tail_model
from evosplit.shared.weights import strip_weights
from tests import odd_models

HEAD = '<ir_version: 8, opset_import: ["" : 17, "local" : 1]>'
ODD = {
    "input and weight as outputs": """net (float[N, 4] x) => (float[N, 4] y, float[N, 4] x, float[4] w)
        <float[4] w = {1, 2, 3, 4}> { y = Relu (x) }""",
    "local function": """net (float[N, 8] x) => (float[N, 8] y) { t = local.square (x)  y = Neg (t) }
        <opset_import: ["" : 17], domain: "local"> square (a) => (b) { c = Relu (a)  b = Mul (c, c) }""",
    "integers between layers": """net (float[N, 20] x) => (float[N, 3] y) <int64[1] k = {3}>
        { v, i = TopK (x, k)  c = Cast <to = 1> (i)  y = Add (v, c) }""",
    "two equal halves, one gated": """net (float[N, 8] x) => (float[N, 4] y)
        { a, b = Split <axis = 1> (x)  s = Sigmoid (a)  y = Mul (s, b) }""",
    "optional inputs left out": """net (float[N, 3, 4, 4] x) => (float[N, 3, 8, 8] y)
        <float[4] scales = {1, 1, 2, 2}>
        { r = Resize <mode = "nearest"> (x, , scales)  y = Relu (r) }""",
    "quantised weights": """net (float[N, 2] x) => (float[N, 2] y)
        <float scale = {0.05}, int8 zero = {0}, int8[2, 2] w = {1, -50, 30, 7}>
        { q = QuantizeLinear (x, scale, zero)  d = DequantizeLinear (q, scale, zero)
          v = DequantizeLinear (w, scale, zero)  y = MatMul (d, v) }""",
    "whole numbers in": """net (int64[N, 3] ids) => (float[N, 1] y)
        <float[4, 2] table = {1, 2, 3, 4, 5, 6, 7, 8}>
        { e = Gather (table, ids)  f = Flatten (e)  y = ReduceMean <axes = [1]> (f) }""",
    "an identity": "net (float[N, 8] x) => (float[N, 8] y) { y = Identity (x) }",
    "a dead branch": "net (float[N, 8] x) => (float[N, 8] y) { y = Relu (x)  z = Neg (y) }",
    "an unused input": "net (float[N, 8] x, float[N, 2] z) => (float[N, 8] y) { t = Neg (x)  y = Exp (t) }",
}


def _graph(model: onnx.ModelProto) -> Graph:
    return graph_from_model(normalise(model), "odd", "0")


def _check_every_cut(graph: Graph) -> None:
    feeds = random_feeds(graph.model)
    whole = Runner(graph.model).run(feeds)
    for cut in prefix_cuts(graph):
        split = _run_split(graph, cut, feeds)
        for name, wanted in whole.items():
            np.testing.assert_allclose(split[name], wanted, rtol=1e-5, atol=1e-6)
            assert graph.tensors[name].shape == wanted.shape


def _run_split(graph: Graph, cut: Cut, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    head, tail = Runner(head_model(graph, cut)), Runner(tail_model(graph, cut))
    edge = head.run({name: feeds[name] for name in head.input_names})
    return {**edge, **tail.run({name: edge[name] for name in cut.boundary})}


@pytest.mark.parametrize("name", ODD)
def test_every_cut_is_exact(name: str) -> None:
    graph = _graph(parser.parse_model(f"{HEAD} {ODD[name]}"))
    assert all(layer.inputs for layer in graph.layers)
    _check_every_cut(graph)


def test_loops_with_weights_of_the_outer_graph() -> None:
    body = parser.parse_graph(
        "body (int64 i, bool go, float[1, 4] a) => (bool on, float[1, 4] b) "
        "{ b = Add (a, w)  on = Identity (go) }"
    )
    model = parser.parse_model(
        f"{HEAD} net (float[1, 4] x) => (float[1, 4] y) <float[4] w = {{1, 2, 3, 4}}, int64 n = {{3}}> "
        "{ t = Exp (x)  y = Neg (t) }"
    )
    model.graph.node.insert(1, helper.make_node("Loop", ["n", "", "t"], ["l"], name="loop", body=body))
    model.graph.node[2].input[0] = "l"
    graph = _graph(model)
    assert next(layer for layer in graph.layers if layer.op == "Loop").weights == ("w",)
    _check_every_cut(graph)


def test_sparse_weights() -> None:
    model = parser.parse_model(f"{HEAD} net (float[1, 8] x) => (float[1, 8] y) {{ y = Add (x, s) }}")
    values = numpy_helper.from_array(np.array([1, 2], np.float32), "s")
    places = numpy_helper.from_array(np.array([0, 3]), "")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [8]))
    _check_every_cut(_graph(model))


def test_what_does_not_depend_on_an_input_is_refused() -> None:
    text = "net (float[N, 4] x) => (int64[1] y) <float[3] w = {1, 2, 3}> { y = Shape (w) }"
    with pytest.raises(ModelError, match="nothing in the model depends on an input"):
        _graph(parser.parse_model(f"{HEAD} {text}"))


def _cast_to_strings_and_back() -> onnx.ModelProto:
    """Floats, strings, floats: ``y = -float(text(exp(x)))``; `parser` does not know strings."""
    nodes = [
        helper.make_node("Exp", ["x"], ["t"], name="exp"),
        helper.make_node("Cast", ["t"], ["s"], name="write", to=TensorProto.STRING),
        helper.make_node("Cast", ["s"], ["f"], name="read", to=TensorProto.FLOAT),
        helper.make_node("Neg", ["f"], ["y"], name="neg"),
    ]
    return odd_models.net(nodes, {"x": (TensorProto.FLOAT, [1, 4])}, {"y": (TensorProto.FLOAT, [1, 4])})


def test_strings_stay_inside_a_layer() -> None:
    graph = _graph(_cast_to_strings_and_back())
    assert [(layer.op, layer.fused) for layer in graph.layers] == [
        ("Exp", ()),
        ("Cast", ("Cast",)),
        ("Neg", ()),
    ]
    _check_every_cut(graph)


def test_sequences_stay_inside_a_layer() -> None:
    """What lies on the way from one end of a sequence to the other is of the layer, the rest is not."""
    nodes = """e = Exp (x)  n = Neg (e)  s = SequenceConstruct (e, n)  a = SequenceAt (s, i)  t = Tanh (a)
        k = SequenceInsert (s, t)  y = ConcatFromSequence <axis = 1> (k)  z = Relu (y)  w = Sin (n)"""
    text = f"net (float[1, 4] x) => (float[1, 12] z, float[1, 4] w) <int64 i = {{1}}> {{ {nodes} }}"
    graph = _graph(parser.parse_model(f"{HEAD} {text}"))
    assert [(layer.op, layer.fused) for layer in graph.layers] == [
        ("Exp", ()),
        ("Neg", ()),
        ("SequenceConstruct", ("SequenceAt", "Tanh", "SequenceInsert", "ConcatFromSequence", "Relu")),
        ("Sin", ()),
    ]
    _check_every_cut(graph)


def test_sequences_that_begin_as_constants() -> None:
    text = """net (float[1, 4] x) => (float[1, 4] a, float[1, 8] y) <float[1, 4] w = {1, 2, 3, 4}>
        { q = SequenceEmpty <dtype = 1> ()  s = SequenceInsert (q, x)  a = ConcatFromSequence <axis = 1> (s)
          p = SequenceConstruct (w)  i = SequenceInsert (p, x)  y = ConcatFromSequence <axis = 1> (i) }"""
    _check_every_cut(_graph(parser.parse_model(f"{HEAD} {text}")))


def test_half_precision_inside_a_function_is_widened() -> None:
    text = """net (float[N, 8] x) => (float[N, 8] y) { t = local.half (x)  y = Neg (t) }
        <opset_import: ["" : 17], domain: "local"> half (a) => (b)
        { c = Cast <to = 10> (a)  d = Mul (c, c)  b = Cast <to = 1> (d) }"""
    graph = _graph(parser.parse_model(f"{HEAD} {text}"))
    assert {tensor.dtype for tensor in graph.tensors.values()} == {"float32"}
    _check_every_cut(graph)


LATER = '<ir_version: 10, opset_import: ["" : 20]>'
DTYPES = {
    "double": f"{HEAD} net (double[N, 4] x) => (double[N, 4] y) {{ t = Exp (x)  y = Neg (t) }}",
    "float16": f"{HEAD} net (float16[N, 4] x) => (float16[N, 4] y) {{ t = Exp (x)  y = Neg (t) }}",
    "bfloat16": f"{HEAD} net (bfloat16[N, 4] x) => (bfloat16[N, 4] y) {{ t = Exp (x)  y = Neg (t) }}",
    "uint8": f"{HEAD} net (uint8[N, 4] x) => (float[N, 4] y) {{ t = Cast <to = 1> (x)  y = Neg (t) }}",
    "bool": f"{HEAD} net (bool[N, 4] x) => (float[N, 4] y) {{ t = Not (x)  y = Cast <to = 1> (t) }}",
    "int32": f"{HEAD} net (int32[N, 4] x) => (int32[N, 4] y) {{ t = Abs (x)  y = Neg (t) }}",
}


@pytest.mark.parametrize("name", DTYPES)
def test_every_type_of_numbers(name: str) -> None:
    _check_every_cut(_graph(parser.parse_model(DTYPES[name])))


def test_numbers_that_numpy_has_not_stay_inside_a_layer() -> None:
    text = f"""{LATER} net (float[1, 4] x) => (float[1, 4] y) <float scale = {{0.5}}>
        {{ e = Exp (x)  c = Cast <to = 17> (e)  d = Cast <to = 1> (c)  y = Neg (d) }}"""
    graph = _graph(parser.parse_model(text))
    assert [layer.op for layer in graph.layers] == ["Exp", "Cast", "Neg"]
    _check_every_cut(graph)


def test_a_string_output_is_made_behind_every_inner_cut() -> None:
    graph = _graph(odd_models.classifier(False, {"classlabels_strings": ["ant", "bee", "cat"]}))
    assert graph.tensors["label"].dtype == "object"
    assert not any("label" in cut.boundary for cut in prefix_cuts(graph))
    feeds = random_feeds(graph.model)
    whole = Runner(graph.model).run(feeds)
    for cut in prefix_cuts(graph):
        split = _run_split(graph, cut, feeds)
        np.testing.assert_array_equal(split["label"], whole["label"])
        np.testing.assert_allclose(split["p"], whole["p"], rtol=1e-6)


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        ({"classlabels_strings": ["ant", "bee", "cat"]}, "ant, bee, cat"),
        ({"classlabels_ints": [7, 8, 9]}, "7, 8, 9"),
    ],
)
def test_a_zipped_map_is_its_scores(keys: dict[str, object], order: str) -> None:
    model = odd_models.classifier(True, keys)
    graph = _graph(model)
    assert graph.outputs == ("label", "m")
    assert graph.remarks == (
        f"output 'm' is a map (ZipMap): its values are served as a tensor, in the order {order}",
    )
    feeds = random_feeds(graph.model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    _, (scores,) = session.run(None, feeds)
    assert ", ".join(map(str, scores)) == order
    for cut in prefix_cuts(graph):
        np.testing.assert_allclose(_run_split(graph, cut, feeds)["m"], [list(scores.values())], rtol=1e-6)


def test_an_output_that_is_a_sequence_is_left_out_with_a_remark() -> None:
    text = """net (float[1, 4] x) => (float[1, 4] y, seq(float[1, 4]) s)
        { y = Exp (x)  s = SequenceConstruct (x, y) }"""
    graph = _graph(parser.parse_model(f"{HEAD} {text}"))
    assert graph.outputs == ("y",)
    assert [layer.op for layer in graph.layers] == ["Exp"]
    (line,) = graph.remarks
    assert line.startswith("output 's' is a sequence")


def test_a_sequence_alone_is_refused() -> None:
    text = "net (float[1, 4] x) => (seq(float[1, 4]) s) { s = SequenceConstruct (x, x) }"
    with pytest.raises(ModelError, match=r"output 's' is a sequence.*no other output"):
        _graph(parser.parse_model(f"{HEAD} {text}"))


def test_strings_as_inputs_are_refused() -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
    model = odd_models.net([node], {"x": (TensorProto.STRING, [1, 4])}, {"y": (TensorProto.FLOAT, [1, 4])})
    with pytest.raises(ModelError, match="input 'x' holds strings"):
        _graph(model)


def test_unused_inputs_are_listed_and_no_inputs_of_the_network() -> None:
    text = """net (float[N, 8] x, float[N, 2] z, int64[3] n) => (float[N, 8] y)
        { y = Exp (x)  d = Neg (z) }"""
    graph = _graph(parser.parse_model(f"{HEAD} {text}"))
    assert graph.inputs == ("x",)
    assert graph.unused_inputs == (Tensor("z", (1, 2), "float32"), Tensor("n", (3,), "int64"))
    assert [layer.op for layer in graph.layers] == ["Exp"]
    stripped = graph_from_model(strip_weights(graph.model)[0], "odd", "0")
    assert stripped.unused_inputs == graph.unused_inputs


@given(st.permutations(range(7)))
@settings(max_examples=30, deadline=None)
def test_nodes_in_any_order(order: list[int]) -> None:
    text = """net (float[N, 8] x) => (float[N, 4] y) <float[8, 8] w, float[8] b>
        { m = MatMul (x, w)  a = Add (m, b)  r = Relu (a)  c, d = Split <axis = 1> (r)  s = Sigmoid (c)
          p = Mul (s, d)  y = Exp (p) }"""
    model = parser.parse_model(f"{HEAD} {text}")
    del model.graph.input[1:], model.graph.initializer[:]
    rng = np.random.default_rng(0)
    arrays = {"w": rng.standard_normal((8, 8)), "b": rng.standard_normal(8)}
    model.graph.initializer.extend(
        numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()
    )
    sorted_graph, nodes = _graph(model), list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes[at] for at in order)
    graph = _graph(model)
    assert sorted(layer.op for layer in graph.layers) == sorted(layer.op for layer in sorted_graph.layers)
    _check_every_cut(graph)


def test_what_a_body_captures_is_computed_before_it() -> None:
    body = parser.parse_graph(
        "body (int64 i, bool go, float[1, 4] a) => (bool on, float[1, 4] b) "
        "{ c = Add (a, o)  b = Mul (c, c)  on = Identity (go) }"
    )
    loop = helper.make_node("Loop", ["n", "", "t"], ["l"], name="loop", body=body)
    exp = helper.make_node("Exp", ["x"], ["t"], name="exp")
    outer = helper.make_node("Neg", ["x"], ["o"], name="outer")
    weights = {"n": np.array(2)}
    kind = (TensorProto.FLOAT, [1, 4])
    graph = _graph(odd_models.net([loop, exp, outer], {"x": kind}, {"l": kind}, weights))
    assert {"t", "o"} == set(next(layer for layer in graph.layers if layer.op == "Loop").inputs)
    _check_every_cut(graph)


def _nested(depth: int) -> onnx.GraphProto:
    """An If in an If in an If ...; names are of one namespace, as ONNX wants it."""
    value = helper.make_tensor_value_info
    inner = helper.make_graph([helper.make_node("Exp", ["x"], ["o0"])], "g", [], [value("o0", 1, None)])
    for level in range(1, depth):
        made, other = f"o{level}", f"n{level}"
        minus = helper.make_graph([helper.make_node("Neg", ["x"], [other])], "h", [], [value(other, 1, None)])
        choice = helper.make_node("If", ["c"], [made], then_branch=inner, else_branch=minus)
        inner = helper.make_graph([choice], "g", [], [value(made, 1, None)])
    return inner


def test_bodies_nest_as_deep_as_protobuf_lets_them_and_no_deeper() -> None:
    """The bound on what walks over them recursively."""
    minus = helper.make_graph([helper.make_node("Neg", ["x"], ["n0"])], "h", [], [])
    minus.output.append(helper.make_tensor_value_info("n0", TensorProto.FLOAT, None))
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], keepdims=0),
        helper.make_node("Greater", ["m", "zero"], ["c"]),
        helper.make_node("If", ["c"], ["y"], then_branch=_nested(30), else_branch=minus),
    ]
    kind, zero = (TensorProto.FLOAT, [1, 4]), np.array(0, np.float32)
    graph = _graph(odd_models.net(nodes, {"x": kind}, {"y": kind}, {"zero": zero}))
    assert [layer.op for layer in graph.layers] == ["ReduceMean", "Greater", "If"]
    assert set(graph.layers[-1].inputs) == {"c", "x"}
    with pytest.raises(DecodeError, match=r"MaxDepth|Error parsing"):  # as protobuf 7 and 6 say it
        _nested(40)


def test_tensors_without_elements_cross_cuts() -> None:
    text = """net (float[N, 4] x) => (float[N, 4] y) <int64[1] b = {0}, int64[1] e = {0}, int64[1] a = {1}>
        { t = Exp (x)  z = Slice (t, b, e, a)  r = Relu (z)  y = Concat <axis = 1> (t, r) }"""
    graph = _graph(parser.parse_model(f"{HEAD} {text}"))
    assert [tensor.is_float for tensor in graph.tensors.values() if 0 in tensor.shape] == [False]
    _check_every_cut(graph)
    empty = np.zeros((1, 0), np.float32)
    assert decode_tensor(encode_tensor("z", empty, TensorCode(8))).shape == (1, 0)


def test_scalars_come_in_and_go_out() -> None:
    text = "net (float x, float[N, 4] z) => (float[N, 4] y, float s) { s = Exp (x)  y = Mul (z, s) }"
    graph = _graph(parser.parse_model(f"{HEAD} {text}"))
    assert graph.tensors["x"].shape == ()
    _check_every_cut(graph)


def test_batches_of_different_names() -> None:
    text = """net (int64[batch, 3] ids, float[n, 3] m) => (float[b, 3] y)
        { f = Cast <to = 1> (ids)  y = Mul (f, m) }"""
    graph = _graph(parser.parse_model(f"{HEAD} {text}"))
    assert {graph.tensors[name].shape for name in graph.inputs} == {(1, 3)}
    _check_every_cut(graph)


def test_a_model_of_classic_operators_alone_needs_no_other_opset() -> None:
    model = odd_models.classifier(True, {"classlabels_strings": ["ant", "bee", "cat"]})
    del model.graph.node[:2], model.opset_import[0]
    model.graph.node[0].input[0] = "x"
    assert _graph(model).outputs == ("label", "m")
