"""Iterator over all tensors of a network, input by input, in bounded memory.

The network is cut into stretches whose outputs are of bounded size. Every input walks through their sessions
in turn, so that each layer runs once per input however large its tensors are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from evosplit.kernels.errors.network_stretches import segment_model
from evosplit.kernels.errors.stretched_network import Network
from evosplit.shared.graph import Graph, prefix_cut

STRETCH_BYTES: Final = 64_000_000
"""Float outputs of one stretch; a single layer may have more."""

Values: TypeAlias = Mapping[str, np.ndarray]


def walks(network: Network) -> Callable[[Values], Iterator[Values]]:
    """From an input to the values of all tensors: those of the input first, then stretch by stretch."""
    graph = network.graph
    parts = [
        (network.runner(segment_model(graph, *stretch)), prefix_cut(graph, stretch[1]).boundary)
        for stretch in stretches(graph)
    ]

    def walk(feeds: Values) -> Iterator[Values]:
        now = {name: feeds[name] for name in graph.inputs}
        yield now
        for runner, alive in parts:
            made = runner.run({name: now[name] for name in runner.input_names})
            yield made
            now = {name: made[name] if name in made else now[name] for name in alive}

    return walk


def stretches(graph: Graph, size_bytes: int = STRETCH_BYTES) -> Sequence[tuple[int, int]]:
    """First and one past the last layer of each stretch, whose outputs take at most ``size_bytes``."""
    bounds: list[tuple[int, int]] = []
    start = held = 0
    for layer in graph.layers:
        size = sum(graph.tensors[name].size_bytes for name in layer.outputs)
        if layer.index > start and held + size > size_bytes:
            bounds.append((start, layer.index))
            start, held = layer.index, 0
        held += size
    return (*bounds, (start, len(graph.layers)))
