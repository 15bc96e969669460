"""JSON tensor data: nested or flat lists of numbers or strings."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.errors import InputError
from evosplit.shared.oip.datatypes import numpy_dtype

_KINDS: Final = {"b": "b", "u": "iu", "i": "iu", "f": "iuf"}
"""The kinds of NumPy dtype that JSON data may parse to, by the kind of dtype that is wanted."""


def from_plain(name: str, datatype: str, shape: tuple[int, ...], data: object) -> NDArray[Any]:
    """The array of JSON ``data``, nested like ``shape`` or flat. Raises InputError.

    ``null`` in a float tensor is NaN, which JSON cannot write. Numbers that the datatype cannot hold
    are refused, not wrapped or cut off.
    """
    array = _strings(name, data) if datatype == "BYTES" else _numbers(name, datatype, data)
    if array.size != math.prod(shape) or (array.ndim > 1 and array.shape != shape):
        raise InputError(f"tensor {name}: data of shape {list(array.shape)} do not fit {list(shape)}")
    return array.reshape(shape)


def _numbers(name: str, datatype: str, data: object) -> NDArray[Any]:
    dtype = numpy_dtype(datatype)
    try:
        array = np.asarray(data)
        if array.dtype.kind == "O" and dtype.kind == "f":
            array = np.asarray(data, np.float64)
        if array.dtype.kind == "f" and dtype == np.uint64:
            array = _large(data, array)
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"tensor {name}: data are not an even list of {datatype}") from None
    if array.size and array.dtype.kind not in _KINDS[dtype.kind]:
        raise InputError(f"tensor {name}: data are not all {datatype}")
    if array.size and dtype.kind in "ui":
        _check_range(name, datatype, array)
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def _large(data: object, array: NDArray[Any]) -> NDArray[Any]:
    """Integers on both sides of 2^63, which NumPy takes for floats, as they are; ``array`` for others."""
    exact = np.asarray(data, object)
    is_whole = all(type(number) is int for number in exact.flat)
    return exact.astype(np.uint64) if is_whole and exact.min(initial=0) >= 0 else array


def _check_range(name: str, datatype: str, array: NDArray[Any]) -> None:
    info = np.iinfo(numpy_dtype(datatype))
    if int(array.min()) < info.min or int(array.max()) > info.max:
        raise InputError(f"tensor {name}: a number is outside {datatype}")


def _strings(name: str, data: object) -> NDArray[Any]:
    flat: list[bytes | None] = []
    pending = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
        elif isinstance(item, str):
            flat.append(item.encode())
        else:
            raise InputError(f"tensor {name}: data are not all strings")
    return np.array([*flat, None], object)[:-1]


def to_plain(datatype: str, data: NDArray[Any]) -> list[Any]:
    """A flat list for JSON; NaN and infinity, which JSON lacks, become null."""
    flat = data.reshape(-1)
    if datatype == "BYTES":
        return [item.decode("utf-8", "replace") for item in flat]
    values: list[Any] = flat.tolist()
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        return [value if math.isfinite(value) else None for value in values]
    return values
