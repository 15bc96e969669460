"""Passes that bring any ONNX model into the one form that EvoSplit works on.

Each is a pure function from model to model. `normalise` is their order: nothing but float32 and integer
tensors, no initialiser among the inputs, batch 1, batch norms folded, no constant sub-graphs, every shape
known.
"""

from __future__ import annotations

import onnx

from shared.graph.passes.annotate import annotate_shapes
from shared.graph.passes.constants import fold_constants
from shared.graph.passes.optimise import optimise
from shared.graph.passes.pin import pin_batch
from shared.graph.passes.unlist import unlist_weights
from shared.graph.passes.widen import widen_halves

__all__ = [
    "annotate_shapes",
    "fold_constants",
    "normalise",
    "optimise",
    "pin_batch",
    "unlist_weights",
    "widen_halves",
]


def normalise(model: onnx.ModelProto) -> onnx.ModelProto:
    """All passes in order. Raises ModelError."""
    for step in (unlist_weights, pin_batch, widen_halves, optimise, fold_constants, annotate_shapes):
        model = step(model)
    return model
