"""Removal of initialisers from the graph inputs (IR version 3 lists them there)."""

from __future__ import annotations

from typing import Final

import onnx

from evosplit.shared.onnx_parts import remodel

_FIRST_WITHOUT_LISTING: Final = 4


def unlist_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Afterwards no input has a default value, so that the optimiser may fold what it holds."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    unlisted = remodel(model, inputs=inputs)
    unlisted.ir_version = max(model.ir_version, _FIRST_WITHOUT_LISTING)
    return unlisted
