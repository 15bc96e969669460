"""Tensors to their wire form and back: quantise, pack, zstd; and how fast that is on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.affine import Affine
from kernels.entropy import compress, decompress
from kernels.quantise import affine_for, quantise_pack, unpack_dequantise
from kernels.sizes import frame_bytes, is_affine, predicted_wire_bytes
from shared.errors import InputError, WireError
from shared.plan import TensorCode
from shared.wire import MAX_ELEMENTS, EncodedTensor, Frame, encode_frame
from shared.wire.check import check_shape, check_tensor
from shared.wire.sizes import raw_bits
from shared.wire.types import AFFINE_BITS, DTYPES, Codec

__all__ = [
    "decode_tensor",
    "encode_tensor",
    "frame_bytes",
    "measure_codec",
    "measure_packing",
    "predicted_wire_bytes",
]

_MEASURE_ELEMENTS: Final = 2**18
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
    """Quantise, pack, and compress where that makes the bytes fewer and ``code.codec`` is not ``none``.

    ``array`` is of any shape; float16, float32 and float64 are quantised at 2 to 8 or 16 bits, over
    ``code.low`` to ``code.high`` or else their own range, per index of ``axis`` if given. ``ends`` are a low
    and a high per index of ``axis``, (channels,) each, in place of the code's. At 32 bits, and for integers
    and booleans at any, the elements travel as they stand (NaNs too). Raises InputError for NaN or infinity
    to be quantised, and for a dtype, bit-width or codec that the format does not know.
    """
    dtype = array.dtype.name
    if code.codec not in (None, "none"):
        raise InputError(f"{name!r}: a tensor cannot travel as {code.codec}")
    if dtype not in DTYPES:
        raise InputError(f"{name!r}: tensors of dtype {dtype} cannot travel")
    if not is_affine(dtype, code.bits):
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        packed = np.ascontiguousarray(little).reshape(-1).view(np.uint8)
        return _encoded(name, array, raw_bits(dtype), None, None, packed, code.codec)
    if code.bits not in AFFINE_BITS:
        raise InputError(f"{name!r}: {code.bits} bits are none of {', '.join(map(str, AFFINE_BITS))} or 32")
    try:
        low, high = ends or (code.low, code.high)
        affine = affine_for(array, code.bits, low, high, axis)
        packed = quantise_pack(array, affine, code.bits, axis)
    except InputError as error:
        raise InputError(f"{name!r}: {error}") from None
    return _encoded(name, array, code.bits, axis, affine, packed, code.codec)


def _encoded(
    name: str,
    array: NDArray[np.generic],
    bits: int,
    axis: int | None,
    affine: Affine | None,
    packed: NDArray[np.uint8],
    wanted: str | None,
) -> EncodedTensor:
    compressed = None if wanted == "none" else compress(packed)
    codec: Codec = "none" if compressed is None else "zstd"
    return EncodedTensor(
        name=name,
        dtype=array.dtype.name,
        shape=array.shape,
        scheme="raw" if affine is None else "affine",
        bits=bits,
        axis=axis,
        scales=() if affine is None else tuple(affine.scales.tolist()),
        zero_points=() if affine is None else tuple(affine.zeros.astype(int).tolist()),
        codec=codec,
        payload=packed.data if compressed is None else compressed,
        packed_bytes=packed.size,
    )


def decode_tensor(tensor: EncodedTensor, max_elements: int = MAX_ELEMENTS) -> NDArray[np.generic]:
    """The array, of ``tensor.shape`` and ``tensor.dtype``, writable. Raises WireError for one that lies."""
    check_shape(tensor.name, tensor.shape, max_elements)
    check_tensor(tensor)
    payload = tensor.payload
    content = decompress(payload, tensor.packed_bytes) if tensor.codec == "zstd" else payload
    packed = np.frombuffer(content, np.uint8)
    return _raw(tensor, packed) if tensor.scheme == "raw" else _affine(tensor, packed)


def _raw(tensor: EncodedTensor, packed: NDArray[np.uint8]) -> NDArray[np.generic]:
    if tensor.dtype == "bool" and packed.size and packed.max() > 1:
        raise WireError(f"{tensor.name!r}: a boolean is neither 0 nor 1")
    dtype = np.dtype(tensor.dtype)
    values: NDArray[np.generic] = packed.copy().view(dtype.newbyteorder("<")).astype(dtype, copy=False)
    return values.reshape(tensor.shape)


def _affine(tensor: EncodedTensor, packed: NDArray[np.uint8]) -> NDArray[np.generic]:
    used_bits = tensor.elements * tensor.bits % 8
    if used_bits and packed[-1] >> used_bits:
        raise WireError(f"{tensor.name!r}: bits are set behind the last code")
    affine = Affine(np.array(tensor.scales, np.float32), np.array(tensor.zero_points, np.float32))
    values = unpack_dequantise(packed, tensor.shape, affine, tensor.bits, tensor.axis)
    if tensor.dtype == "float16":  # the outermost code may lie half a scale beyond the largest float16
        limit = np.finfo(np.float16).max
        values = np.clip(values, -limit, limit)
    return values.astype(tensor.dtype, copy=False)


def measure_codec(bits: int = 4, codec: str | None = None) -> tuple[float, float]:
    """Seconds to encode and to decode per float32 byte, on half-zero activations of 1 MiB; medians.

    ``codec`` as in `TensorCode`: ``none`` packs and does not compress.
    """
    values = np.random.default_rng(0).normal(size=_MEASURE_ELEMENTS).astype(np.float32)
    values = np.maximum(values, 0)
    code = TensorCode(bits, 0.0, float(values.max()), codec)
    encoded = encode_tensor("x", values, code)
    encode_s = _median_s(lambda: encode_tensor("x", values, code))
    decode_s = _median_s(lambda: decode_tensor(encoded))
    return encode_s / values.nbytes, decode_s / values.nbytes


def measure_packing() -> float:
    """Seconds to encode a frame of one small tensor, after a rest as between two frames; median."""
    values = np.maximum(np.random.default_rng(0).normal(size=_SMALL_ELEMENTS).astype(np.float32), 0)
    code = TensorCode(4, 0.0, float(values.max()))

    def pack() -> None:
        encode_frame(Frame("", "", "", (encode_tensor("x", values, code),)))

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
