"""Server and model metadata as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evosplit.shared.graph.graph import Graph, Tensor
from evosplit.shared.oip.datatypes import datatype_of
from evosplit.shared.oip.messages import MODEL_VERSION


def server_metadata(name: str, version: str) -> dict[str, Any]:
    """The answer to ``GET /v2``."""
    return {"name": name, "version": version, "extensions": ["binary_tensor_data", "classification"]}


def model_metadata(graph: Graph, versions: Sequence[str] = (MODEL_VERSION,)) -> dict[str, Any]:
    """The answer to ``GET /v2/models/{name}``; shapes are pinned, inputs that nothing reads come last."""
    inputs = (*(graph.tensors[name] for name in graph.inputs), *graph.unused_inputs)
    return {
        "name": graph.name,
        "versions": list(versions),
        "platform": "onnxruntime_onnx",
        "inputs": [_tensor_metadata(item) for item in inputs],
        "outputs": [_tensor_metadata(graph.tensors[name]) for name in graph.outputs],
    }


def _tensor_metadata(item: Tensor) -> dict[str, Any]:
    return {"name": item.name, "datatype": datatype_of(item.dtype), "shape": list(item.shape)}
