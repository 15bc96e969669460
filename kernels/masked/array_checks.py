"""Array preconditions of the masked kernels: dtype, layout, alignment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.errors import InputError

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Integer = Any
"""Python's or NumPy's: compiled code takes both; often an address."""

LINE_BYTES = 64
MOST_BYTES = 1 << 31


def check_array(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """InputError unless ``array`` is float32 of ``shape`` (height, width, channels), last axis dense."""
    if array.shape != shape or array.dtype != np.float32:
        raise InputError(f"{name} is {array.dtype} {array.shape}, not float32 {shape}")
    if array.strides[2] != array.itemsize and shape[2] > 1:
        raise InputError(f"{name}: channels must lie next to each other")
    if array.shape[0] * abs(array.strides[0]) >= MOST_BYTES:
        raise InputError(f"{name} of {array.shape} spans 2 GiB or more")


def aligned(shape: tuple[int, ...]) -> Floats:
    """Zeros, float32, that begin on a cache line: NumPy's own may not, and then wide loads take two."""
    count = int(np.prod(shape, dtype=np.int64))
    room = np.zeros(count + LINE_BYTES // 4, np.float32)
    start = -room.ctypes.data % LINE_BYTES // 4
    return room[start : start + count].reshape(shape)
