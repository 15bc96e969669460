"""Model splitting: head and tail of a cut as ONNX models of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import onnx

from evosplit.shared.graph import Cut, Graph
from evosplit.shared.onnx_parts import node_reads, remodel


def head_model(graph: Graph, cut: Cut) -> onnx.ModelProto:
    """The edge's part: model inputs to boundary tensors and the outputs that are finished there.

    Inputs that neither an edge layer nor the boundary needs are left out. At cut 0 it has no nodes.
    """
    outputs = tuple(dict.fromkeys((*cut.boundary, *edge_outputs(graph, cut))))
    needed = {name for index in cut.layers for name in graph.layers[index].inputs}.union(outputs)
    inputs = [name for name in graph.inputs if name in needed]
    return part_model(graph, cut.layers, inputs, outputs)


def tail_model(graph: Graph, cut: Cut) -> onnx.ModelProto:
    """The cloud's part: boundary tensors to the remaining outputs. At the last cut it has no nodes."""
    on_edge = frozenset(cut.layers)
    layers = [layer.index for layer in graph.layers if layer.index not in on_edge]
    return part_model(graph, layers, cut.boundary, cloud_outputs(graph, cut))


def layer_model(graph: Graph, index: int) -> onnx.ModelProto:
    """One layer alone: the activations it reads to those it makes."""
    layer = graph.layers[index]
    return part_model(graph, (index,), layer.inputs, layer.outputs)


def edge_outputs(graph: Graph, cut: Cut) -> tuple[str, ...]:
    """Model outputs that no cloud layer makes, in the model's order."""
    remaining = set(cloud_outputs(graph, cut))
    return tuple(name for name in graph.outputs if name not in remaining)


def cloud_outputs(graph: Graph, cut: Cut) -> tuple[str, ...]:
    """Model outputs that a cloud layer makes, in the model's order."""
    on_edge = frozenset(cut.layers)
    made = {name for layer in graph.layers if layer.index not in on_edge for name in layer.outputs}
    return tuple(name for name in graph.outputs if name in made)


def part_model(
    graph: Graph, layers: Iterable[int], inputs: Sequence[str], outputs: Sequence[str]
) -> onnx.ModelProto:
    """Some layers alone, from ``inputs`` to ``outputs``, both in the order given.

    ``inputs`` hold all that the layers read and none of them makes; ``outputs`` are made by the layers, or
    stand among the inputs or the initialisers.
    """
    whole = graph.model.graph
    positions = sorted({position for index in layers for position in graph.layers[index].nodes})
    nodes = [whole.node[position] for position in positions]
    used = {name for node in nodes for name in node_reads(node)}.union(outputs)
    made = {name for node in nodes for name in node.output}.difference(outputs)
    values = {value.name: value for value in (*whole.input, *whole.value_info, *whole.output)}
    return remodel(
        graph.model,
        nodes=nodes,
        inputs=[values[name] for name in inputs],
        outputs=[values[name] for name in outputs],
        weights=[tensor for tensor in whole.initializer if tensor.name in used],
        values=[value for name, value in values.items() if name in made and value.HasField("type")],
    )
