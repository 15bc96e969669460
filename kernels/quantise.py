"""Quantise + pack over whole arrays, and the inverse: shapes and checks around the compiled loops."""

from __future__ import annotations

import functools
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evosplit.kernels import quantise_loops
from evosplit.kernels.affine import Affine, Floats, channels_of, choose_affine
from evosplit.kernels.bitpack import SLACK_BYTES
from evosplit.shared.errors import InputError
from evosplit.shared.wire import packed_size_bytes

_NOT_FINITE = "NaN or infinity has no code"


def flat_float32(array: NDArray[np.generic]) -> Floats:
    """The elements in C order as (elements,) float32, read-only; a copy only where it must be."""
    if array.dtype == np.float32:
        flat = np.ascontiguousarray(array, np.float32).reshape(-1).view()
    else:
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused later
            flat = np.ascontiguousarray(array, np.float32).reshape(-1).view()
    flat.flags.writeable = False
    return flat


def value_range(array: NDArray[np.generic], axis: int | None = None) -> tuple[Floats, Floats]:
    """Least and greatest value, widened to include zero: (channels,) float32 each, one channel without axis.

    NaN and infinite values end up in the result.
    """
    channels, inner = channels_of(array.shape, axis)
    low, high = np.zeros(channels, np.float32), np.zeros(channels, np.float32)
    if array.size:
        quantise_loops.value_range(flat_float32(array), inner, low, high)
    return low, high


def quantise_pack(
    array: NDArray[np.generic], affine: Affine, bits: int, axis: int | None = None
) -> NDArray[np.uint8]:
    """Dense codes of 2 to 8 or 16 bits, (ceil(elements * bits / 8),) uint8. NaN, inf: InputError."""
    size = packed_size_bytes(array.shape, bits)
    packed = np.empty(size + SLACK_BYTES, np.uint8)
    if array.size == 0:
        return packed[:0]
    values, inner = flat_float32(array), channels_of(array.shape, axis)[1]
    if bits < 8:
        finite = quantise_loops.quantise_pack(values, inner, affine.inverses, affine.zeros, bits, packed)
    else:
        codes = packed[:size].view(_whole_dtype(bits))
        finite = quantise_loops.quantise_whole(values, inner, affine.inverses, affine.zeros, bits, codes)
    if not finite:
        raise InputError(_NOT_FINITE)
    return packed[:size]


def quantise_codes(
    array: NDArray[np.generic], affine: Affine, bits: int, axis: int | None = None
) -> NDArray[Any]:
    """The same codes unpacked: (elements,) uint8, or uint16 at 16 bits. NaN, inf: InputError."""
    codes = np.empty(array.size, _whole_dtype(bits))
    values, inner = flat_float32(array), channels_of(array.shape, axis)[1]
    if array.size and not quantise_loops.quantise_whole(
        values, inner, affine.inverses, affine.zeros, bits, codes
    ):
        raise InputError(_NOT_FINITE)
    return codes


def dequantise_codes(
    codes: NDArray[Any], shape: tuple[int, ...], affine: Affine, axis: int | None = None
) -> Floats:
    """Values of unpacked codes, (elements,) uint8 or uint16, as ``shape`` float32."""
    values = np.empty(shape, np.float32)
    if values.size:
        inner = channels_of(shape, axis)[1]
        quantise_loops.dequantise_whole(codes, inner, affine.scales, affine.zeros, values.reshape(-1))
    return values


def unpack_dequantise(
    packed: NDArray[np.uint8], shape: tuple[int, ...], affine: Affine, bits: int, axis: int | None = None
) -> Floats:
    """Values of dense codes, ``shape`` float32. ``packed`` must have the right length."""
    values = np.empty(shape, np.float32)
    if values.size == 0:
        return values
    inner, flat = channels_of(shape, axis)[1], values.reshape(-1)
    # A copy of the bytes (an eighth of the values or less) gives slack, alignment, and one type to compile.
    slack = np.empty(packed.size + SLACK_BYTES, np.uint8)
    slack[: packed.size] = packed
    if bits < 8:
        quantise_loops.unpack_dequantise(slack, inner, affine.scales, affine.zeros, bits, flat)
    else:
        codes = slack[: packed.size].view(_whole_dtype(bits))
        quantise_loops.dequantise_whole(codes, inner, affine.scales, affine.zeros, flat)
    return values


def fake_quantise(
    array: NDArray[np.generic],
    bits: int,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    axis: int | None = None,
) -> Floats:
    """What decoding the encoded array would give, without the codes: same shape, float32.

    ``low`` and ``high`` are scalars, or (channels,) with ``axis``; without them the array's own range, per
    channel with ``axis``. Raises InputError for NaN, infinity or a wrong number of ranges.
    """
    affine = affine_for(array, bits, low, high, axis)
    out = np.empty(array.shape, np.float32)
    if array.size == 0:
        return out
    inner = channels_of(array.shape, axis)[1]
    finite = quantise_loops.fake_quantise(
        flat_float32(array), inner, affine.inverses, affine.scales, affine.zeros, bits, out.reshape(-1)
    )
    if not finite:
        raise InputError(_NOT_FINITE)
    return out


def affine_for(
    array: NDArray[np.generic],
    bits: int,
    low: ArrayLike | None,
    high: ArrayLike | None,
    axis: int | None,
) -> Affine:
    """Scales and zero points for ``array``: from the range given, else from its own."""
    if axis is None and _is_number(low) and _is_number(high):
        return _affine_over(low, high, bits)
    if axis is not None and not 0 <= axis < array.ndim:
        raise InputError(f"axis {axis} is outside a tensor of {array.ndim} dimensions")
    if low is None or high is None:
        own_low, own_high = value_range(array, axis)
        low, high = (own_low if low is None else low), (own_high if high is None else high)
    channels = channels_of(array.shape, axis)[0]
    try:
        low, high = np.broadcast_to(low, channels), np.broadcast_to(high, channels)
    except ValueError:
        raise InputError(f"ranges do not fit {channels} channels") from None
    return choose_affine(low, high, bits)


def _is_number(end: object) -> TypeGuard[float]:
    return isinstance(end, float)


@functools.lru_cache(maxsize=256)
def _affine_over(low: float, high: float, bits: int) -> Affine:
    """A plan's range is the same from frame to frame. Nobody writes to it."""
    return choose_affine(low, high, bits)


def _whole_dtype(bits: int) -> type[np.uint8] | type[np.uint16]:
    return np.uint8 if bits <= 8 else np.uint16
