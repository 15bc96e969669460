"""Weights outside of the model (external initialisers): sessions read them where they lie in memory.

A network is run in many stretches, with some weights in many versions. Models that hold their weights are
copied, serialised and parsed each time; with the weights outside a model is a few kilobytes.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto

from evosplit.shared.onnx_parts import remodel

Arrays: TypeAlias = Mapping[str, np.ndarray]


def referring(model: onnx.ModelProto, weights: Arrays) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """The model with the initialisers of ``weights`` declared as external, and ONNX Runtime's view of each.

    Views hold on to their arrays; whoever opens a session with them keeps them as long as the session.
    """
    views = {
        tensor.name: onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(weights[tensor.name]))
        for tensor in model.graph.initializer
        if tensor.name in weights
    }
    return (declared_outside(model, views), views) if views else (model, {})


def declared_outside(model: onnx.ModelProto, names: Container[str]) -> onnx.ModelProto:
    """The model with the initialisers of these names declared as external, without their values."""
    tensors = (_external(held) if held.name in names else held for held in model.graph.initializer)
    return remodel(model, weights=tensors)


def _external(tensor: onnx.TensorProto) -> onnx.TensorProto:
    made = TensorProto(
        name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, data_location=TensorProto.EXTERNAL
    )
    # No such file is read: the runtime puts the view in its place. The format asks for the field.
    made.external_data.add(key="location", value="in-memory")
    return made
