"""Graphs that few networks have, but that ONNX allows: each cut of them is exact too."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from shared.errors import ModelError
from shared.graph import Graph, graph_from_model, prefix_cuts
from shared.graph.passes import normalise
from shared.samples import random_feeds
from shared.session import Runner
from shared.split import head_model, tail_model

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
        head, tail = Runner(head_model(graph, cut)), Runner(tail_model(graph, cut))
        edge = head.run({name: feeds[name] for name in head.input_names})
        split = {**edge, **tail.run({name: edge[name] for name in cut.boundary})}
        for name, wanted in whole.items():
            np.testing.assert_allclose(split[name], wanted, rtol=1e-5, atol=1e-6)
            assert graph.tensors[name].shape == wanted.shape


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


def test_sequences_are_refused() -> None:
    nodes = "s = SequenceConstruct (x, x)  y = ConcatFromSequence <axis = 1> (s)"
    text = f"net (float[1, 4] x) => (float[1, 8] y) {{ {nodes} }}"
    with pytest.raises(ModelError, match="'s' is not a tensor"):
        _graph(parser.parse_model(f"{HEAD} {text}"))


def test_strings_are_refused() -> None:
    model = parser.parse_model(
        f"{HEAD} net (float[1, 4] x) => (float[1, 4] y) {{ t = Exp (x)  y = Neg (t) }}"
    )
    model.graph.node[0].op_type = "Cast"
    model.graph.node[0].attribute.append(helper.make_attribute("to", TensorProto.STRING))
    model.graph.node[1].CopyFrom(helper.make_node("Cast", ["t"], ["y"], to=TensorProto.FLOAT))
    with pytest.raises(ModelError, match="cannot cross a cut"):
        _graph(model)
