"""A network made ready: places of tensors, areas, packed weights, room that all streams share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evosplit.edge.backends.masked.buffers import Places, find_places, share_room
from evosplit.edge.backends.masked.kernel_calls import Kernel, kernel_of
from evosplit.edge.backends.masked.mask_groups import Areas, Settled, find_areas, kept_tensors
from evosplit.edge.backends.masked.mask_state import Live
from evosplit.edge.backends.masked.ops import Activate, Add, Conv, Network, Op, Pool, Scale
from evosplit.kernels.masked.array_checks import Floats, aligned

_COMPUTES = (Conv, Add, Pool, Scale, Activate)


@dataclass(frozen=True, eq=False)
class Compiled:
    """``keeps``: whether frames build on the ones before; ``kept``: arrays that each stream has of its own.

    ``shared``: the arrays that all streams use in turn, by root; ``saved``: room for a layer's last output
    while it settles.
    """

    network: Network
    keeps: bool
    places: Places
    areas: Areas
    kernels: Mapping[str, Kernel | None]
    lives: tuple[Live, ...]
    kept: frozenset[str]
    shared: Mapping[str, Floats]
    saved: Floats


def compile_network(network: Network, threads: int, keeps: bool, settles: bool) -> Compiled:
    """``settles``: layers hold back small changes; only with ``keeps``."""
    places = find_places(network)
    areas = _areas(network, places, keeps and settles)
    kept = kept_tensors(network, areas) if keeps else frozenset[str]()
    roots = frozenset(map(places.root, kept))
    lives = tuple(map(Live, areas.rules))
    return Compiled(
        network,
        keeps,
        places,
        areas,
        {op.out: kernel_of(op, threads) for op in network.ops},
        lives,
        roots,
        _shared(network, places, roots),
        aligned((max((_floats(network, name) for name in settled(areas)), default=0),)),
    )


def settled(areas: Areas) -> list[str]:
    """The tensors that settle."""
    return [rule.tensor for rule in areas.rules if isinstance(rule, Settled)]


def _areas(network: Network, places: Places, settles: bool) -> Areas:
    """Only what is kept anyway settles: there, it costs no memory."""
    plain = find_areas(network, lambda op: False)
    if not settles:
        return plain
    roots = {places.root(name) for name in kept_tensors(network, plain)}

    def holds_back(op: Op) -> bool:
        return isinstance(op, _COMPUTES) and places.root(op.out) in roots

    return find_areas(network, holds_back)


def _floats(network: Network, name: str) -> int:
    return int(np.prod(network.shapes[name]))


def _shared(network: Network, places: Places, kept: frozenset[str]) -> dict[str, Floats]:
    scratch = share_room(network, places, kept)
    room = aligned((scratch.floats,))
    return {
        root: room[start : start + _floats(network, root)].reshape(network.shapes[root])
        for root, start in scratch.starts.items()
    }
