"""A model that shows what is inside: layer outputs as outputs of the model."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from shared.graph import Graph
from shared.remodel import remodel


def layer_tensors(graph: Graph) -> tuple[str, ...]:
    """Every layer output, in execution order."""
    return tuple(name for layer in graph.layers for name in layer.outputs)


def tapped_model(graph: Graph, names: Iterable[str]) -> onnx.ModelProto:
    """The whole model with the named layer outputs as its outputs."""
    whole = graph.model.graph
    values = {value.name: value for value in (*whole.input, *whole.value_info, *whole.output)}
    return remodel(graph.model, outputs=[values[name] for name in names])
