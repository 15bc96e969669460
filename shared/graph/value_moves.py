"""Value-preserving layers (reshape, transpose, slice ...): whatever they make, they read first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evosplit.shared.graph.graph import Graph

_PASS: Final = frozenset(
    (
        *("DepthToSpace", "Dropout", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice"),
        *("SpaceToDepth", "Split", "Squeeze", "Transpose", "Unsqueeze"),
    )
)


def passed_on(graph: Graph) -> Mapping[str, str]:
    """Tensors that such layers make -> the tensor that all their values come from, in execution order."""
    sources: dict[str, str] = {}
    for layer in graph.layers:
        if layer.op in _PASS and not layer.fused and layer.inputs:
            sources |= dict.fromkeys(layer.outputs, sources.get(layer.inputs[0], layer.inputs[0]))
    return sources
