"""Every tensor gets its shape and type."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import shape_inference

from shared.errors import ModelError
from shared.remodel import node_makes, remodel
from shared.session import Runner
from shared.weights import strip_weights


def annotate_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write value infos for all that nodes make, by ONNX's inference; where that ends, by running it once.

    A shape that depends on the data is thus the one for a seeded random input. Raises ModelError.
    """
    known = _inferred(model)
    made = [name for node in model.graph.node for name in node_makes(node)]
    known |= _measured(model, [name for name in made if name not in known])
    outputs = {value.name for value in model.graph.output}
    return remodel(
        model,
        outputs=[known.get(value.name, value) for value in model.graph.output],
        values=[known[name] for name in made if name not in outputs],
    )


def _inferred(model: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    skeleton, _ = strip_weights(remodel(model, values=()))
    try:
        graph = shape_inference.infer_shapes(skeleton, data_prop=True).graph
    except shape_inference.InferenceError:
        return {}
    return {value.name: value for value in (*graph.value_info, *graph.output) if _is_static(value)}


def _is_static(value: onnx.ValueInfoProto) -> bool:
    kind = value.type.tensor_type
    return (
        bool(kind.elem_type)
        and kind.HasField("shape")
        and all(dim.HasField("dim_value") for dim in kind.shape.dim)
    )


def _measured(model: onnx.ModelProto, names: Iterable[str]) -> dict[str, onnx.ValueInfoProto]:
    outputs = [onnx.ValueInfoProto(name=name) for name in names]
    if not outputs:
        return {}
    results = Runner(remodel(model, outputs=outputs, values=()), optimise=False).run(random_feeds(model))
    return {name: _described(name, array) for name, array in results.items()}


def _described(name: str, array: object) -> onnx.ValueInfoProto:
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{name!r} is not a tensor, and cannot cross a cut")
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, array.shape)


def random_feeds(model: onnx.ModelProto, seed: int = 0) -> dict[str, np.ndarray]:
    """Seeded inputs of a model with static shapes: standard normal, or zeros and ones for whole numbers."""
    rng = np.random.default_rng(seed)
    return {value.name: _random(value, rng) for value in model.graph.input}


def _random(value: onnx.ValueInfoProto, rng: np.random.Generator) -> np.ndarray:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    shape = [dim.dim_value for dim in kind.shape.dim]
    return (rng.standard_normal(shape) if dtype.kind == "f" else rng.integers(0, 2, shape)).astype(dtype)
