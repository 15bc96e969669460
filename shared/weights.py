"""Skeleton models: a model without its large weights, and weights put back into one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from evosplit.shared.errors import ModelError
from evosplit.shared.onnx_parts import remodel

STRIPPED_ELEMENTS: Final = 256
"""Initialisers of floats or bytes with at least so many elements leave the skeleton; shapes stay."""

_DATA_FIELDS: Final = ("raw_data", "float_data", "double_data", "int32_data", "int64_data", "uint64_data")
_TYPES: Final = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT8, TensorProto.UINT8)


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

    Bytes are drawn from 0 to 99. One-dimensional tensors may be variances, so they are drawn from 0.5 to 1.5.
    """
    rng = np.random.default_rng(seed)
    return {
        tensor.name: _random(tuple(tensor.dims), _dtype(tensor), rng)
        for tensor in skeleton.graph.initializer
        if is_stripped(tensor)
    }


def is_stripped(tensor: onnx.TensorProto) -> bool:
    """Whether an initialiser is declared without its data."""
    has_data = any(len(getattr(tensor, field)) for field in _DATA_FIELDS)
    return _big(tensor) and not has_data


def _big(tensor: onnx.TensorProto) -> bool:
    return tensor.data_type in _TYPES and math.prod(tensor.dims) >= STRIPPED_ELEMENTS


def _declared(tensor: onnx.TensorProto) -> onnx.TensorProto:
    return TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)


def _filled(tensor: onnx.TensorProto, array: np.ndarray) -> onnx.TensorProto:
    if array.shape != tuple(tensor.dims):
        raise ModelError(f"weight {tensor.name!r} has shape {array.shape}, not {tuple(tensor.dims)}")
    return numpy_helper.from_array(np.ascontiguousarray(array, _dtype(tensor)), tensor.name)


def _dtype(tensor: onnx.TensorProto) -> np.dtype[np.generic]:
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))


def _random(shape: tuple[int, ...], dtype: np.dtype[np.generic], rng: np.random.Generator) -> np.ndarray:
    if dtype.kind != "f":
        return rng.integers(0, 100, shape).astype(dtype)
    if len(shape) < 2:
        return rng.uniform(0.5, 1.5, shape).astype(dtype)
    fan_in = math.prod(shape[1:]) if len(shape) > 2 else max(shape)
    return (rng.standard_normal(shape, np.float32) * np.float32(math.sqrt(2 / fan_in))).astype(dtype)
