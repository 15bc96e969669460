"""Partition of a network into stretches of layers, each an ONNX model of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import onnx

from evosplit.shared.graph import Graph
from evosplit.shared.onnx_parts import node_reads, remodel


def segments(graph: Graph) -> list[tuple[int, int]]:
    """First and one past the last layer of each stretch: about as many stretches as each has layers."""
    length = max(1, math.ceil(math.sqrt(len(graph.layers))))
    starts = range(0, len(graph.layers), length)
    return [(start, min(start + length, len(graph.layers))) for start in starts]


def segment_model(
    graph: Graph, start: int, stop: int, outputs: Sequence[str] | None = None
) -> onnx.ModelProto:
    """Layers ``start`` to ``stop`` - 1: from the earlier tensors that they read to ``outputs`` of theirs.

    Without ``outputs`` all that they make.
    """
    layers = graph.layers[start:stop]
    if outputs is None:
        outputs = [name for layer in layers for name in layer.outputs]
    made = {name for layer in layers for name in layer.outputs}
    read = dict.fromkeys(name for layer in layers for name in layer.inputs if name not in made)
    whole = graph.model.graph
    nodes = [whole.node[index] for index in sorted({index for layer in layers for index in layer.nodes})]
    used = {name for node in nodes for name in node_reads(node)}
    values = {value.name: value for value in (*whole.input, *whole.value_info, *whole.output)}
    return remodel(
        graph.model,
        nodes=nodes,
        inputs=[values[name] for name in read],
        outputs=[values[name] for name in outputs],
        weights=[tensor for tensor in whole.initializer if tensor.name in used],
        values=[],
    )
