"""Model summary as plain data, as `evosplit inspect` prints it."""

from __future__ import annotations

from typing import Any, Final

from evosplit.shared.graph import Cut, Graph, Layer, Tensor, prefix_cuts
from evosplit.shared.shape_text import shape_text

_FLOAT32_BYTES: Final = 4


def inspect_data(graph: Graph) -> dict[str, Any]:
    """``layers`` in execution order and ``cuts`` by index; ``bytes`` are those of an unquantised boundary.

    ``unused_inputs`` are inputs of the file that no output depends on.
    """
    return {
        "model": graph.name,
        "sha256": graph.sha256,
        "inputs": [_tensor(graph.tensors[name]) for name in graph.inputs],
        "outputs": [_tensor(graph.tensors[name]) for name in graph.outputs],
        "unused_inputs": [_tensor(item) for item in graph.unused_inputs],
        "remarks": list(graph.remarks),
        "layers": [_layer(graph, layer) for layer in graph.layers],
        "cuts": [_cut(graph, cut, index) for index, cut in enumerate(prefix_cuts(graph))],
    }


def file_remarks(graph: Graph) -> tuple[str, ...]:
    """Lines about inputs and outputs of the file that are not the network's; none for most."""
    unused = (
        f"input {item.name!r} ({shape_text(item.shape)}) is read by nothing: it may be left out of requests"
        for item in graph.unused_inputs
    )
    return tuple(f"{graph.name}: {line}" for line in (*unused, *graph.remarks))


def _tensor(item: Tensor) -> dict[str, Any]:
    return {"name": item.name, "shape": list(item.shape), "dtype": item.dtype}


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
        "boundary": [_tensor(item) for item in tensors],
        "bytes": sum(t.elements * _FLOAT32_BYTES if t.is_float else t.size_bytes for t in tensors),
    }
