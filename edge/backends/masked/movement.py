"""Movement of a stream's kept arrays with a window that moves over its scene; strips to compute anew."""

from __future__ import annotations

import ctypes
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.lattice import Lattice
from evosplit.edge.backends.masked.ops import Network
from evosplit.edge.backends.masked.stream_memory import StreamMemory
from evosplit.kernels.masked.array_checks import Floats
from evosplit.kernels.masked.input_changes import Planes
from evosplit.kernels.masked.window import Pair

BYTES_APART: Final = 127
"""From any byte, another is further off than so much."""


class Movement:
    """Moves what streams keep of ``network`` by shifts (rows, columns) of its input on ``lattice``."""

    def __init__(self, network: Network, lattice: Lattice) -> None:
        (self._input,) = network.inputs
        self._network, self._lattice = network, lattice

    def takes(self, memory: StreamMemory, shift: Pair, threshold: float) -> bool:
        """Whether it pays and can be done.

        Not where next to nothing is seen again, nor where all bytes differ by the threshold at most.
        """
        height, width, _ = self._network.shapes[self._input]
        is_seen_again = any(shift) and abs(shift[0]) < height and abs(shift[1]) < width
        is_byte = memory.planes[self._input].dtype == np.uint8
        return is_seen_again and self._lattice.takes(shift) and not (is_byte and threshold >= BYTES_APART)

    def move(self, memory: StreamMemory, shift: Pair, now: Floats) -> None:
        """Move all that is kept by a ``shift`` that it takes.

        Afterwards ``now`` (C, H, W) differs from the values last used wherever kept values are not those of
        the moved window: in what was uncovered, and along borders where padding was touched or is now.
        """
        for root, array in memory.arrays.items():
            rows, columns = self._lattice.at(root, shift)
            _slide(array, (rows * array.shape[1] + columns) * array.shape[2])
        for name, output in memory.outputs.items():
            rows, columns = self._lattice.at(self._network.outputs[name], shift)
            _slide(output, rows * output.shape[3] + columns)
        planes = memory.planes[self._input]
        _slide(planes, shift[0] * planes.shape[2] + shift[1])
        for rows_part, columns_part in strips(planes.shape[1:], shift, self._lattice.margins):
            part = planes[:, rows_part, columns_part]
            part[...] = _far_from(now[:, rows_part, columns_part], planes)


def strips(size: tuple[int, ...], shift: Pair, margins: Pair) -> list[tuple[slice, slice]]:
    """Rows and columns to be computed anew after a ``shift`` of an input of ``size`` (rows, columns)."""
    whole, parts = slice(None), list[tuple[slice, slice]]()
    for axis, by in enumerate(shift):
        for part in _ends(size[axis], by, margins[axis]):
            parts.append((part, whole) if axis == 0 else (whole, part))
    return parts


def _ends(length: int, by: int, margin: int) -> list[slice]:
    if by == 0:
        return []
    return [slice(0, margin + max(-by, 0)), slice(max(length - margin - max(by, 0), 0), length)]


def _slide(array: NDArray[Any], elements: int) -> None:
    """What lay so many elements further on comes here, in one piece.

    Rows run into each other at their ends, where nothing is kept.
    """
    count = array.size - abs(elements)
    if elements and count > 0:
        size = array.itemsize
        start, target = max(elements, 0) * size, max(-elements, 0) * size
        ctypes.memmove(array.ctypes.data + target, array.ctypes.data + start, count * size)


def _far_from(now: Floats, kept_as: Planes) -> NDArray[Any]:
    """Values that count as changed at any threshold: NaN among floats, the other end among bytes."""
    if kept_as.dtype == np.uint8:
        return np.where(now < BYTES_APART + 0.5, np.uint8(255), np.uint8(0))
    return np.where(np.isnan(now), np.float32(0), np.float32(np.nan))
