"""Order ideals: the downward-closed sets of a graph's layers, as a matrix."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from evosplit.planner.problem.costs import Costs

Matrix = NDArray[np.bool_]
MAX_CUTS = 400_000


def cut_matrix(costs: Costs) -> Matrix | None:
    """(cuts, layers): which layers each cut runs on the edge; None when there are more than `MAX_CUTS`.

    Left out are cuts that pins forbid, and those with a layer that cannot be within the memory limit.
    """
    allowed = _allowed(costs)
    if costs.prefix_only:
        cuts = np.tri(len(costs.layers) + 1, len(costs.layers), -1, bool)
        cuts = cuts[~cuts[:, [index for index, able in enumerate(allowed) if not able]].any(axis=1)]
    else:
        ideals = _ideals(_needs(costs), allowed)
        if ideals is None:
            return None
        cuts = ideals
    keep = np.ones(len(cuts), bool)
    for layer, on_edge in costs.pinned.items():
        keep &= cuts[:, layer] == on_edge
    return cuts if keep.all() else np.asfortranarray(cuts[keep])


def _needs(costs: Costs) -> tuple[int, ...]:
    """Per layer: the bit set of the layers that it reads."""
    needs = [0] * len(costs.layers)
    for tensor in costs.tensors:
        if tensor.producer >= 0:
            for reader in tensor.consumers:
                needs[reader] |= 1 << tensor.producer
    return tuple(needs)


def _allowed(costs: Costs) -> tuple[bool, ...]:
    """Per layer: whether any cut may hold it.

    With a layer all that it builds on is on the edge, and what of that is read later is alive beside it:
    made, and either read there or waiting for the cloud.
    """
    limit = costs.limits.memory_bytes
    if limit is None:
        return (True,) * len(costs.layers)
    needs = list(_needs(costs))
    weights = [min((choice.size_bytes for choice in layer.weights), default=0) for layer in costs.layers]
    sizes = [min(choice.size_bytes for choice in tensor.activation) for tensor in costs.tensors]
    allowed = []
    for layer in range(len(needs)):
        for below in range(layer):
            if needs[layer] >> below & 1:
                needs[layer] |= needs[below]
        held = needs[layer] | 1 << layer
        packed = sum(size for index, size in enumerate(weights) if held >> index & 1)
        alive = [
            size
            for size, tensor in zip(sizes, costs.tensors, strict=True)
            if tensor.last_use >= layer and (tensor.producer < 0 or held >> tensor.producer & 1)
        ]
        live = costs.limits.memory_model == "live"
        allowed.append(packed + (sum(alive) if live else 0) <= limit)
    return tuple(allowed)


@functools.lru_cache(maxsize=4)
def _ideals(needs: tuple[int, ...], allowed: tuple[bool, ...]) -> Matrix | None:
    """``needs[l]`` is the bit set of the layers that layer l reads; layers are in topological order."""
    words = len(needs) // 64 + 1
    ideals = np.zeros((words, 1), np.uint64)
    for layer, needed in enumerate(needs):
        if not allowed[layer]:
            continue
        able = np.ones(ideals.shape[1], bool)
        for word, mask in enumerate(_split(needed, words)):
            if mask:
                able &= ideals[word] & mask == mask
        more = ideals[:, able]
        more[layer // 64] |= np.uint64(1 << layer % 64)
        ideals = np.concatenate((ideals, more), axis=1)
        if ideals.shape[1] > MAX_CUTS:
            return None
    # Columns are contiguous: most questions are about one layer in all cuts.
    packed = np.ascontiguousarray(ideals.astype("<u8")[:, :, None].view(np.uint8).transpose(0, 2, 1))
    bits = np.unpackbits(packed.reshape(8 * words, -1), axis=0, count=len(needs), bitorder="little")
    matrix = bits.T.view(bool)
    matrix.setflags(write=False)
    return matrix


def _split(number: int, words: int) -> list[np.uint64]:
    """A bit set in words of 64 bits."""
    return [np.uint64(number >> 64 * word & 0xFFFFFFFFFFFFFFFF) for word in range(words)]
