"""The JSON that describes a server and its models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.graph.types import Tensor
from shared.oip.datatypes import datatype_of
from shared.oip.types import MODEL_VERSION


def server_metadata(name: str, version: str) -> dict[str, Any]:
    """The answer to ``GET /v2``."""
    return {"name": name, "version": version, "extensions": ["binary_tensor_data", "classification"]}


def model_metadata(name: str, inputs: Iterable[Tensor], outputs: Iterable[Tensor]) -> dict[str, Any]:
    """The answer to ``GET /v2/models/{name}``; shapes with the batch pinned."""
    return {
        "name": name,
        "versions": [MODEL_VERSION],
        "platform": "onnxruntime_onnx",
        "inputs": [_tensor_metadata(item) for item in inputs],
        "outputs": [_tensor_metadata(item) for item in outputs],
    }


def _tensor_metadata(item: Tensor) -> dict[str, Any]:
    return {"name": item.name, "datatype": datatype_of(item.dtype), "shape": list(item.shape)}
