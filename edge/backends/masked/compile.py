"""Compilation of a masked network: buffers, mask groups, packed weights, scratch memory of all streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evosplit.edge.backends.masked.buffers import Buffers, assign_buffers, lay_out_scratch
from evosplit.edge.backends.masked.kernel_calls import Kernel, kernel_of
from evosplit.edge.backends.masked.lattice import Lattice, find_lattice
from evosplit.edge.backends.masked.mask_groups import MaskGroups, Thresholded, find_mask_groups, kept_tensors
from evosplit.edge.backends.masked.mask_state import MaskState
from evosplit.edge.backends.masked.ops import Activate, Add, Conv, Network, Op, Pool, Scale
from evosplit.kernels.masked.array_checks import Floats, aligned

_COMPUTES = (Conv, Add, Pool, Scale, Activate)


@dataclass(frozen=True, eq=False)
class CompiledNetwork:
    """``keeps``: whether frames build on the ones before; ``kept``: arrays that each stream has of its own.

    ``shared``: the arrays that all streams use in turn, by root; ``saved``: a layer's last output while its
    change is compared with the threshold. ``lattice``: by which shifts what is kept can be moved; None: none.
    """

    network: Network
    keeps: bool
    buffers: Buffers
    groups: MaskGroups
    kernels: Mapping[str, Kernel | None]
    states: tuple[MaskState, ...]
    kept: frozenset[str]
    shared: Mapping[str, Floats]
    saved: Floats
    lattice: Lattice | None


def compile_network(network: Network, threads: int, keeps: bool, thresholds: bool) -> CompiledNetwork:
    """``thresholds``: layers hold back small changes; takes effect with ``keeps`` alone."""
    buffers = assign_buffers(network)
    groups = _groups_of(network, buffers, keeps and thresholds)
    kept = kept_tensors(network, groups) if keeps else frozenset[str]()
    roots = frozenset(map(buffers.root, kept))
    states = tuple(map(MaskState, groups.rules))
    return CompiledNetwork(
        network,
        keeps,
        buffers,
        groups,
        {op.out: kernel_of(op, threads) for op in network.ops},
        states,
        roots,
        _shared(network, buffers, roots),
        aligned((max((_floats(network, name) for name in thresholded(groups)), default=0),)),
        find_lattice(network, groups) if keeps else None,
    )


def thresholded(groups: MaskGroups) -> list[str]:
    """The tensors whose changes are thresholded."""
    return [rule.tensor for rule in groups.rules if isinstance(rule, Thresholded)]


def _groups_of(network: Network, buffers: Buffers, thresholds: bool) -> MaskGroups:
    """Only tensors that are kept anyway are thresholded: there, it costs no memory."""
    plain = find_mask_groups(network, lambda op: False)
    if not thresholds:
        return plain
    roots = {buffers.root(name) for name in kept_tensors(network, plain)}

    def holds_back(op: Op) -> bool:
        return isinstance(op, _COMPUTES) and buffers.root(op.out) in roots

    return find_mask_groups(network, holds_back)


def _floats(network: Network, name: str) -> int:
    return int(np.prod(network.shapes[name]))


def _shared(network: Network, buffers: Buffers, kept: frozenset[str]) -> dict[str, Floats]:
    scratch = lay_out_scratch(network, buffers, kept)
    memory = aligned((scratch.floats,))
    return {
        root: memory[start : start + _floats(network, root)].reshape(network.shapes[root])
        for root, start in scratch.starts.items()
    }
