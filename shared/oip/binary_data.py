"""Binary tensor section of a body: little-endian bytes, one tensor after the other."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.errors import InputError
from evosplit.shared.oip.datatypes import numpy_dtype


def to_raw(datatype: str, data: NDArray[Any]) -> bytes | memoryview:
    """An array as its raw bytes; not copied when it is contiguous and little-endian already."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(item)) + item for item in data.ravel())
    packed = np.ascontiguousarray(data, numpy_dtype(datatype))
    return packed.reshape(-1).view(np.uint8).data if packed.size else b""


def from_raw(name: str, datatype: str, shape: tuple[int, ...], content: memoryview) -> NDArray[Any]:
    """The array of a raw section; a read-only view where the bytes are aligned. Raises InputError."""
    if datatype == "BYTES":
        items = _split_items(name, content)
        if len(items) != math.prod(shape):
            raise InputError(f"tensor {name}: {len(items)} strings do not fill shape {list(shape)}")
        return np.array([*items, None], object)[:-1].reshape(shape)
    dtype = numpy_dtype(datatype)
    wanted = math.prod(shape) * dtype.itemsize
    if len(content) != wanted:
        raise InputError(
            f"tensor {name}: {len(content)} bytes given, {datatype} of shape {list(shape)} takes {wanted}"
        )
    if datatype == "BOOL" and np.any(np.frombuffer(content, np.uint8) > 1):
        raise InputError(f"tensor {name}: a BOOL is neither 0 nor 1")
    values = np.frombuffer(content, dtype).reshape(shape)
    return values if values.flags.aligned else values.copy()


def _split_items(name: str, content: memoryview) -> list[bytes]:
    items: list[bytes] = []
    start = 0
    while start < len(content):
        stop = start + 4
        length = int.from_bytes(content[start:stop], "little") if stop <= len(content) else 0
        if stop + length > len(content):
            raise InputError(f"tensor {name}: a string runs past the end of the tensor")
        items.append(bytes(content[stop : stop + length]))
        start = stop + length
    return items


def split_raw(body: memoryview, sizes: tuple[int, ...]) -> tuple[memoryview, ...]:
    """Cut the raw section into the sizes that the JSON states. Raises InputError unless they fill it."""
    if min(sizes, default=0) < 0 or sum(sizes) != len(body):
        raise InputError(f"the tensors claim {sum(sizes)} raw bytes, the body holds {len(body)}")
    sections, start = list[memoryview](), 0
    for size in sizes:
        sections.append(body[start : start + size])
        start += size
    return tuple(sections)
