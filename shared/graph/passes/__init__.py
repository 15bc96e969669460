"""Graph passes that bring any ONNX model into one canonical form.

Each is a pure function from model to model. `normalise` is their order: nothing but float32 and integer
tensors, no initialiser among the inputs, sizes pinned, batch norms folded, no constant sub-graphs, nodes
sorted, every shape known.
"""

from __future__ import annotations

import onnx

from evosplit.shared.graph.passes.annotate import annotate_shapes
from evosplit.shared.graph.passes.constants import fold_constants
from evosplit.shared.graph.passes.optimise import optimise
from evosplit.shared.graph.passes.outputs import remarks, tensor_outputs
from evosplit.shared.graph.passes.pin import pin_shapes, pinned_sizes
from evosplit.shared.graph.passes.prune import prune, unused_inputs
from evosplit.shared.graph.passes.sizes import NO_PINS, Pins
from evosplit.shared.graph.passes.unlist import unlist_weights
from evosplit.shared.graph.passes.widen import widen_halves

__all__ = [
    "NO_PINS",
    "Pins",
    "annotate_shapes",
    "fold_constants",
    "normalise",
    "optimise",
    "pin_shapes",
    "pinned_sizes",
    "prune",
    "remarks",
    "tensor_outputs",
    "unlist_weights",
    "unused_inputs",
    "widen_halves",
]


def normalise(model: onnx.ModelProto, pins: Pins = NO_PINS) -> onnx.ModelProto:
    """All passes in order. Raises ModelError, or InputError when the network does not run at all."""
    model = pin_shapes(unlist_weights(tensor_outputs(model)), pins)
    for step in (widen_halves, optimise, fold_constants, prune, annotate_shapes):
        model = step(model)
    return model
