"""A model without its big weights (a skeleton), and weights put back into one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from shared.errors import ModelError
from shared.remodel import remodel

STRIPPED_ELEMENTS: Final = 256
"""Float initialisers of at least so many elements leave the skeleton; shapes and scalars stay."""

_DATA_FIELDS: Final = ("raw_data", "float_data", "double_data", "int32_data", "int64_data", "uint64_data")
_FLOAT_TYPES: Final = (TensorProto.FLOAT, TensorProto.DOUBLE)


def strip_weights(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """Skeleton, and the arrays taken out of it by name.

    What was taken out stays declared: an initialiser with its name, dtype and dims, but no data. Such a
    model is no valid ONNX until `restore_weights`, yet `graph_from_model` reads it like the whole one.
    """
    taken = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer if _big(tensor)}
    weights = (_declared(tensor) if tensor.name in taken else tensor for tensor in model.graph.initializer)
    return remodel(model, weights=weights), taken


def restore_weights(skeleton: onnx.ModelProto, weights: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """A copy with the given arrays in place. Those not given stay stripped: right where no node needs them.

    Raises ModelError for a name that the skeleton does not have, or an array of another shape.
    """
    unknown = weights.keys() - {tensor.name for tensor in skeleton.graph.initializer}
    if unknown:
        raise ModelError(f"the model has no weight {min(unknown)!r}")
    return remodel(
        skeleton,
        weights=(
            _filled(tensor, weights[tensor.name]) if tensor.name in weights else tensor
            for tensor in skeleton.graph.initializer
        ),
    )


def random_weights(skeleton: onnx.ModelProto, seed: int = 0) -> dict[str, np.ndarray]:
    """Seeded He-scaled values for everything that was stripped: right for timing, not for answers.

    One-dimensional tensors may be variances, so they are drawn from 0.5 to 1.5.
    """
    rng = np.random.default_rng(seed)
    return {
        tensor.name: _random(tuple(tensor.dims), rng).astype(_dtype(tensor))
        for tensor in skeleton.graph.initializer
        if is_stripped(tensor)
    }


def is_stripped(tensor: onnx.TensorProto) -> bool:
    """Whether an initialiser is declared without its data."""
    has_data = any(len(getattr(tensor, field)) for field in _DATA_FIELDS)
    return _big(tensor) and not has_data


def _big(tensor: onnx.TensorProto) -> bool:
    return tensor.data_type in _FLOAT_TYPES and math.prod(tensor.dims) >= STRIPPED_ELEMENTS


def _declared(tensor: onnx.TensorProto) -> onnx.TensorProto:
    return TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)


def _filled(tensor: onnx.TensorProto, array: np.ndarray) -> onnx.TensorProto:
    if array.shape != tuple(tensor.dims):
        raise ModelError(f"weight {tensor.name!r} has shape {array.shape}, not {tuple(tensor.dims)}")
    return numpy_helper.from_array(np.ascontiguousarray(array, _dtype(tensor)), tensor.name)


def _dtype(tensor: onnx.TensorProto) -> np.dtype[np.floating]:
    return np.dtype(np.float32 if tensor.data_type == TensorProto.FLOAT else np.float64)


def _random(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if len(shape) < 2:
        return rng.uniform(0.5, 1.5, shape)
    fan_in = math.prod(shape[1:]) if len(shape) > 2 else max(shape)
    return rng.standard_normal(shape, np.float32) * np.float32(math.sqrt(2 / fan_in))
