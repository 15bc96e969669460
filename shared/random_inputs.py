"""Random inputs (seeded) for a model whose real ones are not at hand."""

from __future__ import annotations

import numpy as np
import onnx


def random_feeds(model: onnx.ModelProto, seed: int = 0) -> dict[str, np.ndarray]:
    """Inputs of a model with static shapes: standard normal, or zeros and ones for whole numbers."""
    rng = np.random.default_rng(seed)
    return {value.name: _random(value, rng) for value in model.graph.input}


def _random(value: onnx.ValueInfoProto, rng: np.random.Generator) -> np.ndarray:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    shape = [dim.dim_value for dim in kind.shape.dim]
    return (rng.standard_normal(shape) if dtype.kind == "f" else rng.integers(0, 2, shape)).astype(dtype)
