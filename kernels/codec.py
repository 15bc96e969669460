"""Tensor codec: quantise, pack and compress to the wire form and back, with measured throughput."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evosplit.kernels.encoded_sizes import dtype_name, frame_bytes, is_affine, predicted_wire_bytes
from evosplit.kernels.encoding_steps import (
    affine_of,
    as_dtype,
    check_code,
    check_raw,
    coded_tensor,
    codes_of,
    little_bytes,
    raw_values,
    unwrapped,
    whole_tensor,
)
from evosplit.kernels.quantise import (
    affine_for,
    dequantise_codes,
    quantise_pack,
    unpack_dequantise,
)
from evosplit.kernels.wire_codes import wire_codes
from evosplit.shared.errors import InputError, WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.restoration.transform import ChannelTransform
from evosplit.shared.wire import MAX_ELEMENTS, EncodedTensor, Frame, encode_frame
from evosplit.shared.wire.frame import MAX_CODED_BITS
from evosplit.shared.wire.tensor_check import check_shape, check_tensor
from evosplit.shared.wire.wire_sizes import raw_bits

__all__ = [
    "decode_checked",
    "decode_tensor",
    "encode_tensor",
    "frame_bytes",
    "measure_codec",
    "measure_packing",
    "measure_transform",
    "predicted_wire_bytes",
]

_MEASURE_SHAPE: Final = (64, 64, 64)
_MEASURE_ROUNDS: Final = 7
_SMALL_ELEMENTS: Final = 2**10
_REST_S: Final = 0.02


def encode_tensor(
    name: str,
    array: NDArray[np.generic],
    code: TensorCode,
    axis: int | None = None,
    ends: tuple[ArrayLike, ArrayLike] | None = None,
) -> EncodedTensor:
    """Quantise, and compress where that makes the bytes fewer, in the way of ``code.codec`` (`TensorCode`).

    ``array`` is of any shape; float16, float32 and float64 are quantised at 2 to 8 or 16 bits, over
    ``code.low`` to ``code.high`` or else their own range, per index of ``axis`` if given. ``ends`` are a low
    and a high per index of ``axis``, (channels,) each, in place of the code's. At 32 bits, and for integers
    and booleans at any, the elements travel as they stand (NaNs too). Raises InputError for NaN or infinity
    to be quantised, and for a dtype, bit-width or codec that the format does not know.
    """
    dtype = dtype_name(array.dtype)
    check_code(name, dtype, code)
    compressed = code.codec != "none"
    if not is_affine(dtype, code.bits):
        packed = little_bytes(array)
        return whole_tensor(name, dtype, array.shape, raw_bits(dtype), None, None, packed, compressed)
    try:
        low, high = ends or (code.low, code.high)
        affine = affine_for(array, code.bits, low, high, axis)
        if code.codec == "rans" and code.bits <= MAX_CODED_BITS:
            codes = wire_codes(array, affine, code, axis)
            return coded_tensor(name, dtype, array.shape, code.bits, axis, affine, codes)
        packed = quantise_pack(array, affine, code.bits, axis)
    except InputError as error:
        raise InputError(f"{name!r}: {error}") from None
    return whole_tensor(name, dtype, array.shape, code.bits, axis, affine, packed, compressed)


def decode_tensor(tensor: EncodedTensor, max_elements: int = MAX_ELEMENTS) -> NDArray[np.generic]:
    """The array, of ``tensor.shape`` and ``tensor.dtype``, writable. Raises WireError for one that lies."""
    check_shape(tensor.name, tensor.shape, max_elements)
    check_tensor(tensor)
    return decode_checked(tensor)


def decode_checked(tensor: EncodedTensor) -> NDArray[np.generic]:
    """`decode_tensor` of a tensor whose frame `evosplit.shared.wire.decode_frame` has checked already."""
    if tensor.codec == "rans":
        values = dequantise_codes(codes_of(tensor), tensor.shape, affine_of(tensor), tensor.axis)
        return as_dtype(values, tensor.dtype)
    packed = unwrapped(tensor)
    if tensor.scheme == "affine":
        return _affine(tensor, packed)
    check_raw(tensor.name, tensor.dtype, packed)
    return raw_values(packed, tensor.dtype, tensor.shape)


def _affine(tensor: EncodedTensor, packed: NDArray[np.uint8]) -> NDArray[np.generic]:
    used_bits = tensor.elements * tensor.bits % 8
    if used_bits and packed[-1] >> used_bits:
        raise WireError(f"{tensor.name!r}: bits are set behind the last code")
    values = unpack_dequantise(packed, tensor.shape, affine_of(tensor), tensor.bits, tensor.axis)
    return as_dtype(values, tensor.dtype)


def measure_codec(
    bits: int = 4, codec: str | None = None, lagrange_multiplier: float | None = None
) -> tuple[float, float]:
    """Seconds to encode and to decode per float32 byte, on half-zero activations of 1 MiB; medians.

    ``codec`` as in `TensorCode`: ``none`` packs and does not compress, ``rans`` codes by contexts; the
    multiplier, too.
    """
    values = np.random.default_rng(0).normal(size=_MEASURE_SHAPE).astype(np.float32)
    values = np.maximum(values, 0)
    code = TensorCode(bits, 0.0, float(values.max()), codec, lagrange_multiplier)
    encoded = encode_tensor("x", values, code)
    encode_s = _median_s(lambda: encode_tensor("x", values, code))
    decode_s = _median_s(lambda: decode_tensor(encoded))
    return encode_s / values.nbytes, decode_s / values.nbytes


def measure_transform() -> float:
    """Seconds of a multiply-accumulate of a channel transform, on activations of 1 MiB; median."""
    channels = _MEASURE_SHAPE[0]
    values = np.random.default_rng(0).normal(size=(1, *_MEASURE_SHAPE)).astype(np.float32)
    matrix, mean = np.eye(channels, dtype=np.float32), np.zeros(channels, np.float32)
    transform = ChannelTransform("x", matrix, matrix, mean)
    return _median_s(lambda: transform.components(values)) / (channels * values.size)


def measure_packing() -> float:
    """Seconds to encode a frame of one small tensor, after a rest as between two frames; median."""
    values = np.maximum(np.random.default_rng(0).normal(size=_SMALL_ELEMENTS).astype(np.float32), 0)
    code = TensorCode(4, 0.0, float(values.max()))

    def pack() -> None:
        encode_frame(Frame("", 64 * "0", "", (encode_tensor("x", values, code),)))

    return _median_s(pack, _REST_S)


def _median_s(work: Callable[[], object], rest_s: float = 0.0) -> float:
    work()
    durations = []
    for _ in range(_MEASURE_ROUNDS):
        time.sleep(rest_s)
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)
