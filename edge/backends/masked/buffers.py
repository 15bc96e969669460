"""Buffer assignment: views for slices and concatenations, and scratch memory shared by tensor lifetimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evosplit.edge.backends.masked.ops import Concat, Network, Slice, SpaceToDepth
from evosplit.kernels.masked.array_checks import LINE_BYTES, Floats

_LINE: int = LINE_BYTES // 4


@dataclass(frozen=True)
class Buffers:
    """``roots``: arrays to allocate, by the tensor that each is named after.

    ``within``: a tensor that is part of another, as (other, rows, columns, channels). ``copies``: parts of a
    concatenation that had to be copied, as (concatenation, index of the part) to their channels.
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


def assign_buffers(network: Network) -> Buffers:
    """Slices are views; parts of a concatenation are written straight into it, where they are in one only."""
    within: dict[str, tuple[str, slice, slice, slice]] = {}
    for op in network.ops:
        if isinstance(op, Slice):
            within[op.out] = (op.x, slice(*op.rows), slice(*op.columns), slice(*op.channels))
    copies: dict[tuple[str, int], slice] = {}
    for op in network.ops:
        if isinstance(op, Concat):
            start = 0
            for index, part in enumerate(op.parts):
                channels = slice(start, start + network.shapes[part][2])
                start = channels.stop
                if part in within or part in network.inputs:
                    copies[op.out, index] = channels
                else:
                    within[part] = (op.out, slice(None), slice(None), channels)
    names = [*_planar_free(network), *(op.out for op in network.ops)]
    return Buffers(tuple(name for name in names if name not in within), within, copies)


def _planar_free(network: Network) -> list[str]:
    """Inputs that some operation reads channels last."""
    read = {name for op in network.ops if not isinstance(op, SpaceToDepth) for name in op.reads}
    return [name for name in network.inputs if name in read]


@dataclass(frozen=True)
class ScratchLayout:
    """Memory for arrays that need not outlive a frame: where each begins, in floats, and how many in all."""

    starts: Mapping[str, int]
    floats: int


def lay_out_scratch(network: Network, buffers: Buffers, kept: frozenset[str]) -> ScratchLayout:
    """First fit over the times at which arrays are in use; ``kept`` roots are left out."""
    times = _lifetimes(network, buffers)
    placed: list[tuple[int, int, int, int]] = []
    starts = {}
    for root in sorted(times, key=lambda name: -int(np.prod(network.shapes[name]))):
        if root in kept:
            continue
        size = -(-int(np.prod(network.shapes[root])) // _LINE) * _LINE
        begin, end = times[root]
        offset = 0
        for first, last, start, stop in sorted(placed, key=lambda item: item[2]):
            if first <= end and begin <= last and start < offset + size and offset < stop:
                offset = stop
        starts[root] = offset
        placed.append((begin, end, offset, offset + size))
    return ScratchLayout(starts, max((stop for *_, stop in placed), default=0))


def _lifetimes(network: Network, buffers: Buffers) -> dict[str, tuple[int, int]]:
    """For each root the first and the last operation (by number) that touches it; outputs last to the end."""
    times: dict[str, tuple[int, int]] = {}
    touched = [(-1, name) for name in network.inputs]
    touched += [(step, name) for step, op in enumerate(network.ops) for name in (*op.reads, op.out)]
    touched += [(len(network.ops), name) for name in network.outputs.values()]
    for step, name in touched:
        root = buffers.root(name)
        if root in buffers.roots:
            first, last = times.get(root, (step, step))
            times[root] = (min(step, first), max(step, last))
    return times
