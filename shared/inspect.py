"""What `evosplit inspect` tells about a model, as plain data."""

from __future__ import annotations

from typing import Any, Final

from shared.graph import Cut, Graph, Layer, prefix_cuts

_FLOAT32_BYTES: Final = 4


def inspect_data(graph: Graph) -> dict[str, Any]:
    """``layers`` in execution order and ``cuts`` by index; ``bytes`` are those of an unquantised boundary."""
    return {
        "model": graph.name,
        "sha256": graph.sha256,
        "layers": [_layer(graph, layer) for layer in graph.layers],
        "cuts": [_cut(graph, cut, index) for index, cut in enumerate(prefix_cuts(graph))],
    }


def _layer(graph: Graph, layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "op": layer.op,
        "fused": list(layer.fused),
        "macs": layer.macs,
        "weight_elements": layer.weight_elements,
        "output_shape": list(graph.tensors[layer.outputs[0]].shape) if layer.outputs else [],
    }


def _cut(graph: Graph, cut: Cut, index: int) -> dict[str, Any]:
    tensors = [graph.tensors[name] for name in cut.boundary]
    return {
        "index": index,
        "after": graph.layers[index - 1].name if index else None,
        "boundary": [{"name": t.name, "shape": list(t.shape), "dtype": t.dtype} for t in tensors],
        "bytes": sum(t.elements * _FLOAT32_BYTES if t.is_float else t.size_bytes for t in tensors),
    }
