"""Shape and type inference for every tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import onnx
from onnx import shape_inference

from evosplit.shared.graph.passes.notes import read_note, write_note
from evosplit.shared.onnx_parts import node_makes, remodel
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.weights import strip_weights

_KEY: Final = "measured_shapes"


def annotate_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write value infos for all that nodes make, by ONNX's inference; where that ends, by running it once.

    A shape that was measured may depend on the data: its dimensions stay open in the value info, and the
    measured ones go into the model's metadata (`measured_shapes`). What turns out to be a sequence or a map
    gets no type. Raises ModelError, or InputError when the network does not run on random inputs.
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
    shapes = {name: array.shape for name, array in arrays.items() if isinstance(array, np.ndarray)}
    if shapes:
        write_note(annotated, _KEY, shapes)
    return annotated


def measured_shapes(model: onnx.ModelProto) -> Mapping[str, tuple[int, ...]]:
    """Shapes of the tensors that inference could not tell, as seen with one random input."""
    return {name: tuple(shape) for name, shape in read_note(model, _KEY, {}).items()}


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


def _run_once(model: onnx.ModelProto, names: Sequence[str]) -> Mapping[str, object]:
    if not names:
        return {}
    outputs = [onnx.ValueInfoProto(name=name) for name in names]
    return Runner(remodel(model, outputs=outputs, values=()), optimise=False).run(random_feeds(model))


def _open(name: str, value: object) -> onnx.ValueInfoProto:
    """The value info of what was seen; without a type for a sequence or map."""
    if not isinstance(value, np.ndarray):
        return onnx.ValueInfoProto(name=name)
    kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, [None] * value.ndim)
