"""Choice of the tensors that restorations are learned for: those of the cuts that are worth their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import onnx

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.shared.graph import Cut, Graph, prefix_cuts
from evosplit.shared.restoration.restored_tail import takes_restoration
from evosplit.shared.split import tail_model

MOST_CHANNELS: Final = 256
"""The sums of a fit grow with the square of nine times as many: 43 MB at this number."""
_MOST_ELEMENTS: Final = 2**17
_RAW_BITS: Final = 8
_PRICED_STEP: Final = 3
"""Cuts are compared by the bytes at this step of the ladder: one standard deviation."""


@dataclass(frozen=True)
class Restorable:
    """A tensor, and the first cut at which it is worth sending."""

    cut: Cut
    tensor: str


def restorable_tensors(graph: Graph, errors: ErrorTable) -> list[Restorable]:
    """Tensors ``(1, C, H, W) float32`` of the cuts that send fewer bytes than all earlier ones.

    Raw inputs count as one of them. Each tensor once, in the order of the cuts.
    """
    chosen: dict[str, Restorable] = {}
    for cut in _worthwhile(graph, errors):
        tail = tail_model(graph, cut)
        for tensor in cut.boundary:
            is_coded = tensor in errors.activations and errors.activations[tensor].coded
            if tensor not in chosen and is_coded and can_be_restored(graph, tail, tensor):
                chosen[tensor] = Restorable(cut, tensor)
    return list(chosen.values())


def _worthwhile(graph: Graph, errors: ErrorTable) -> Iterator[Cut]:
    least = sum(graph.tensors[name].elements for name in graph.inputs) * _RAW_BITS / 8
    for cut in prefix_cuts(graph)[1:-1]:
        size = sum(_bytes(graph, errors, name) for name in cut.boundary)
        if 0 < size < least:
            least = size
            yield cut


def _bytes(graph: Graph, errors: ErrorTable, name: str) -> float:
    table = errors.activations.get(name)
    if table is None or len(table.coded) <= _PRICED_STEP:
        return float(graph.tensors[name].size_bytes)
    return table.coded[_PRICED_STEP].wire_bytes


def can_be_restored(graph: Graph, tail: onnx.ModelProto, name: str) -> bool:
    """Whether a tensor that the tail takes is ``(1, C, H, W) float32``, not too large, and no input."""
    tensor = graph.tensors[name]
    if name in graph.inputs or tensor.dtype != "float32" or len(tensor.shape) != 4 or tensor.shape[0] != 1:
        return False
    is_small = tensor.elements <= _MOST_ELEMENTS and tensor.shape[1] <= MOST_CHANNELS
    return is_small and takes_restoration(tail, name)
