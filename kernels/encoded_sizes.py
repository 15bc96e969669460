"""Size prediction of encoded tensors: exact when zstd gains nothing, an upper bound otherwise."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.wire import frame_overhead_bytes, packed_size_bytes, tensor_overhead_bytes
from evosplit.shared.wire.frame import FLOAT_DTYPES
from evosplit.shared.wire.wire_sizes import raw_bits

if TYPE_CHECKING:
    from evosplit.shared.graph import Tensor


@functools.cache
def dtype_name(dtype: np.dtype[Any]) -> str:
    """NumPy puts the name together each time."""
    return dtype.name


def is_affine(dtype: str, bits: int) -> bool:
    """Whether a tensor of this dtype is quantised at ``bits`` (else its elements travel as they stand)."""
    return dtype in FLOAT_DTYPES and bits != FLOAT_BITS


def predicted_wire_bytes(shape: Sequence[int], bits: int, dtype: str = "float32") -> int:
    """Payload bytes of one tensor without zstd, whatever the axis."""
    return packed_size_bytes(shape, bits if is_affine(dtype, bits) else raw_bits(dtype))


def frame_bytes(
    cut_key: str,
    tensors: Iterable[tuple[Tensor, int]],
    frame_id_bytes: int = 36,
    axis: int | None = None,
) -> int:
    """Length of the whole encoded frame of ``(tensor, bits)`` pairs; ``axis`` is that of the scales."""
    total = frame_overhead_bytes(cut_key, frame_id_bytes)
    for tensor, bits in tensors:
        channels = 1 if axis is None else tensor.shape[axis]
        scales = channels if is_affine(tensor.dtype, bits) else 0
        total += tensor_overhead_bytes(tensor.name, len(tensor.shape), scales)
        total += predicted_wire_bytes(tensor.shape, bits, tensor.dtype)
    return total
