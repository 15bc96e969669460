"""Where tensors live: slices of concatenations, views, and room that is shared once a tensor is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evosplit.edge.backends.masked.ops import Concat, Network, Slice, SpaceToDepth
from evosplit.kernels.masked.array_checks import LINE_BYTES, Floats

_LINE: int = LINE_BYTES // 4


@dataclass(frozen=True)
class Places:
    """``roots``: arrays to allocate, by the tensor that each is named after.

    ``within``: a tensor that is part of another, as (other, rows, columns, channels). ``copies``: parts of a
    concatenation that had to be copied, as (concatenation, place) to the channels that they go to.
    """

    roots: tuple[str, ...]
    within: Mapping[str, tuple[str, slice, slice, slice]]
    copies: Mapping[tuple[str, int], slice]

    def root(self, name: str) -> str:
        """The array that holds a tensor."""
        while name in self.within:
            name = self.within[name][0]
        return name

    def view(self, name: str, arrays: Mapping[str, Floats]) -> Floats:
        """A tensor (height, width, channels) within ``arrays``, by root."""
        if name not in self.within:
            return arrays[name]
        base, rows, columns, channels = self.within[name]
        return self.view(base, arrays)[rows, columns, channels]


def find_places(network: Network) -> Places:
    """Slices are views; parts of a concatenation are written straight into it, where they are in one only."""
    within: dict[str, tuple[str, slice, slice, slice]] = {}
    for op in network.ops:
        if isinstance(op, Slice):
            within[op.out] = (op.x, slice(*op.rows), slice(*op.columns), slice(*op.channels))
    copies: dict[tuple[str, int], slice] = {}
    for op in network.ops:
        if isinstance(op, Concat):
            start = 0
            for place, part in enumerate(op.parts):
                channels = slice(start, start + network.shapes[part][2])
                start = channels.stop
                if part in within or part in network.inputs:
                    copies[op.out, place] = channels
                else:
                    within[part] = (op.out, slice(None), slice(None), channels)
    names = [*_planar_free(network), *(op.out for op in network.ops)]
    return Places(tuple(name for name in names if name not in within), within, copies)


def _planar_free(network: Network) -> list[str]:
    """Inputs that some operation reads channels last."""
    read = {name for op in network.ops if not isinstance(op, SpaceToDepth) for name in op.reads}
    return [name for name in network.inputs if name in read]


@dataclass(frozen=True)
class Scratch:
    """Room for arrays that need not outlive a frame: where each begins, in floats, and how much in all."""

    starts: Mapping[str, int]
    floats: int


def share_room(network: Network, places: Places, kept: frozenset[str]) -> Scratch:
    """First fit over the times at which arrays are in use; ``kept`` roots are left out."""
    times = _lifetimes(network, places)
    placed: list[tuple[int, int, int, int]] = []
    starts = {}
    for root in sorted(times, key=lambda name: -int(np.prod(network.shapes[name]))):
        if root in kept:
            continue
        size = -(-int(np.prod(network.shapes[root])) // _LINE) * _LINE
        begin, end = times[root]
        at = 0
        for first, last, start, stop in sorted(placed, key=lambda item: item[2]):
            if first <= end and begin <= last and start < at + size and at < stop:
                at = stop
        starts[root] = at
        placed.append((begin, end, at, at + size))
    return Scratch(starts, max((stop for *_, stop in placed), default=0))


def _lifetimes(network: Network, places: Places) -> dict[str, tuple[int, int]]:
    """For each root the first and the last operation (by number) that touches it; outputs live to the end."""
    times: dict[str, tuple[int, int]] = {}
    touched = [(-1, name) for name in network.inputs]
    touched += [(at, name) for at, op in enumerate(network.ops) for name in (*op.reads, op.out)]
    touched += [(len(network.ops), name) for name in network.outputs.values()]
    for at, name in touched:
        root = places.root(name)
        if root in places.roots:
            times[root] = (min(at, times.get(root, (at, at))[0]), max(at, times.get(root, (at, at))[1]))
    return times
