"""The part of the picture that the user wants watched, as a hook."""

from __future__ import annotations

from evosplit.edge.hooks.hook import Hook
from evosplit.edge.hooks.mask import RegionMaskHook
from evosplit.edge.hooks.polygon import rectangle
from evosplit.shared.graph import Graph


def region_hooks(graph: Graph, region: tuple[float, float, float, float] | None) -> tuple[Hook, ...]:
    """A mask on the network's first input for (left, top, right, bottom), shares of it; or none."""
    return () if region is None else (RegionMaskHook("region", graph.inputs[0], rectangle(*region)),)
