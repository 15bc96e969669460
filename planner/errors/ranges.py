"""Layers that only move values keep the codes of what they read, so that integers pass through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from planner.errors.types import ActivationErrors
from shared.graph import Graph

_PASS: Final = frozenset(
    (
        *("DepthToSpace", "Dropout", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice"),
        *("SpaceToDepth", "Split", "Squeeze", "Transpose", "Unsqueeze"),
    )
)
"""Every value that they make is one that they read first."""


def with_shared_ranges(graph: Graph, errors: Mapping[str, ActivationErrors]) -> dict[str, ActivationErrors]:
    """The errors, with the ranges of such a layer's input given to its outputs.

    Values that are rounded already then stay as they are. The errors themselves are left as measured.
    """
    found = dict(errors)
    for layer in graph.layers:
        if layer.op in _PASS and not layer.fused and layer.inputs and layer.inputs[0] in found:
            ranges = found[layer.inputs[0]].ranges
            found |= {name: replace(found[name], ranges=ranges) for name in layer.outputs if name in found}
    return found
