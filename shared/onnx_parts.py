"""Construction of ONNX models from parts of others, and the names that a node reads and makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

_HEADER = ("ir_version", "producer_name", "producer_version", "domain", "model_version", "doc_string")


def remodel(
    model: onnx.ModelProto,
    *,
    nodes: Iterable[onnx.NodeProto] | None = None,
    inputs: Iterable[onnx.ValueInfoProto] | None = None,
    outputs: Iterable[onnx.ValueInfoProto] | None = None,
    weights: Iterable[onnx.TensorProto] | None = None,
    values: Iterable[onnx.ValueInfoProto] | None = None,
) -> onnx.ModelProto:
    """A copy of ``model`` with some of its parts replaced; big weights are copied only when they stay."""
    old = model.graph
    copy = onnx.ModelProto(
        opset_import=model.opset_import, metadata_props=model.metadata_props, functions=model.functions
    )
    for name in _HEADER:
        setattr(copy, name, getattr(model, name))
    copy.graph.name = old.name or "graph"
    copy.graph.node.extend(old.node if nodes is None else nodes)
    copy.graph.input.extend(old.input if inputs is None else inputs)
    copy.graph.output.extend(old.output if outputs is None else outputs)
    copy.graph.initializer.extend(old.initializer if weights is None else weights)
    copy.graph.value_info.extend(old.value_info if values is None else values)
    copy.graph.sparse_initializer.extend(old.sparse_initializer)
    return copy


def node_reads(node: onnx.NodeProto) -> tuple[str, ...]:
    """Names that a node reads, each once: its inputs, and what its sub-graphs take from outside."""
    names = [*node.input, *(name for graph in sub_graphs(node) for name in _captured(graph))]
    return tuple(dict.fromkeys(name for name in names if name))


def node_makes(node: onnx.NodeProto) -> tuple[str, ...]:
    """Names of the outputs that a node makes; optional ones that are left out have none."""
    return tuple(name for name in node.output if name)


def sub_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The bodies of an If, Loop or Scan.

    They nest 33 deep at most, which bounds every recursion over them: a body is three messages (graph, node,
    attribute) further in, and protobuf refuses to read more than 100.
    """
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def all_nodes(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.NodeProto]:
    """Every node of a graph or of a function's body, those inside sub-graphs too."""
    for node in graph.node:
        yield node
        for inner in sub_graphs(node):
            yield from all_nodes(inner)


def all_graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and the sub-graphs inside it."""
    yield graph
    for node in graph.node:
        for inner in sub_graphs(node):
            yield from all_graphs(inner)


def _captured(graph: onnx.GraphProto) -> Iterator[str]:
    own = {tensor.name for tensor in graph.initializer} | {value.name for value in graph.input}
    for node in graph.node:
        yield from (name for name in node_reads(node) if name not in own)
        own.update(node.output)
    yield from (value.name for value in graph.output if value.name not in own)
