"""Every tensor gets its shape and type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import onnx
from onnx import shape_inference

from shared.errors import ModelError
from shared.remodel import node_makes, remodel
from shared.samples import random_feeds
from shared.session import Runner
from shared.weights import strip_weights

_MEASURED_KEY: Final = "evosplit.measured_shapes"


def annotate_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write value infos for all that nodes make, by ONNX's inference; where that ends, by running it once.

    A shape that was measured may depend on the data: its dimensions stay open in the value info, and the
    measured ones go into the model's metadata (`measured_shapes`). Raises ModelError.
    """
    made = [name for node in model.graph.node for name in node_makes(node)]
    known = {**_given(model), **_inferred(model)}
    arrays = _run_once(model, [name for name in made if name not in known])
    known |= {name: _open(name, array) for name, array in arrays.items()}
    outputs = {value.name for value in model.graph.output}
    annotated = remodel(
        model,
        outputs=[known.get(value.name, value) for value in model.graph.output],
        values=[known[name] for name in made if name not in outputs],
    )
    if arrays:
        shapes = json.dumps({name: array.shape for name, array in arrays.items()})
        annotated.metadata_props.add(key=_MEASURED_KEY, value=shapes)
    return annotated


def measured_shapes(model: onnx.ModelProto) -> Mapping[str, tuple[int, ...]]:
    """Shapes of the tensors that inference could not tell, as seen with one random input."""
    found = (entry.value for entry in model.metadata_props if entry.key == _MEASURED_KEY)
    return {name: tuple(shape) for name, shape in json.loads(next(found, "{}")).items()}


def _given(model: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    """Inputs and weights; a model may hand them out unchanged."""
    tensors = model.graph.initializer
    make = onnx.helper.make_tensor_value_info
    weights = {tensor.name: make(tensor.name, tensor.data_type, tensor.dims) for tensor in tensors}
    return {**weights, **{value.name: value for value in model.graph.input}}


def _inferred(model: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    skeleton, _ = strip_weights(remodel(model, values=()))
    try:
        graph = shape_inference.infer_shapes(skeleton, data_prop=True).graph
    except shape_inference.InferenceError:
        return {}
    return {value.name: value for value in (*graph.value_info, *graph.output) if _is_static(value)}


def _is_static(value: onnx.ValueInfoProto) -> bool:
    kind = value.type.tensor_type
    known = (dim.HasField("dim_value") for dim in kind.shape.dim)
    return bool(kind.elem_type) and kind.HasField("shape") and all(known)


def _run_once(model: onnx.ModelProto, names: Sequence[str]) -> dict[str, np.ndarray]:
    if not names:
        return {}
    outputs = [onnx.ValueInfoProto(name=name) for name in names]
    return Runner(remodel(model, outputs=outputs, values=()), optimise=False).run(random_feeds(model))


def _open(name: str, array: object) -> onnx.ValueInfoProto:
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{name!r} is not a tensor, and cannot cross a cut")
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, [None] * array.ndim)
