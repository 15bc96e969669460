"""Datatype names of the Open Inference Protocol and their NumPy dtypes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from evosplit.shared.errors import InputError

_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "BOOL": np.dtype(np.bool_),
    **{f"UINT{bits}": np.dtype(f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": np.dtype(f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
    "BYTES": np.dtype(np.object_),
}
_NAMES: Final = {dtype: name for name, dtype in _DTYPES.items()}


def numpy_dtype(datatype: str) -> np.dtype[Any]:
    """The little-endian dtype of ``FP32`` and the like. Raises InputError for a name that is none."""
    try:
        return _DTYPES[datatype]
    except KeyError:
        raise InputError(f"datatype {datatype!r} is not supported (known: {', '.join(_DTYPES)})") from None


def datatype_of(dtype: np.dtype[Any] | str) -> str:
    """The name of a dtype, of any byte order. Raises InputError if the protocol has none."""
    try:
        return _NAMES[np.dtype(dtype).newbyteorder("<")]
    except KeyError:
        raise InputError(f"dtype {np.dtype(dtype)} has no datatype in the inference protocol") from None
