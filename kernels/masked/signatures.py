"""Types for which the large kernels are compiled: one version for all strides, before the first frame."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

from numba import types

READ: Final = types.Array(types.float32, 3, "A", readonly=True)
WRITTEN: Final = types.Array(types.float32, 3, "A")
NUMBERS: Final = types.Array(types.int64, 1, "C")
POSITIONS: Final = types.Array(types.int32, 1, "C")
FLAT: Final = types.Array(types.float32, 1, "C")
TABLE: Final = types.Array(types.float32, 2, "C")

_LAYER: Final = (
    NUMBERS,
    NUMBERS,
    types.int64,
    READ,
    WRITTEN,
    READ,
    types.boolean,
    types.boolean,
    POSITIONS,
    NUMBERS,
)
_CURVE: Final = (types.float64, types.float64, types.int64, types.float64)
CONVOLVE: Final = (*_LAYER, FLAT, TABLE, *[types.int64] * 3, types.boolean, *_CURVE)
DEPTHWISE: Final = (*_LAYER, TABLE, FLAT, *_CURVE)

_compiling: Final = Lock()


def ready(kernel: Any, kinds: tuple[Any, ...]) -> Any:  # noqa: ANN401 - numba's dispatcher
    """Compile ``kernel`` for ``kinds``, or load it, once; from then on it takes what converts to them."""
    with _compiling:
        if not kernel.signatures:
            kernel.compile(kinds)
            kernel.disable_compile()
    return kernel
