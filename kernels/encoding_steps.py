"""Shared steps of tensor encoders and decoders: checks, fields, last steps."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.affine import Affine
from evosplit.kernels.encoded_sizes import is_affine
from evosplit.kernels.entropy import compress, decompress
from evosplit.kernels.entropy_coding import decode_codes, encode_codes
from evosplit.kernels.packing import pack, unpack
from evosplit.shared.errors import InputError, WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import EncodedTensor, packed_size_bytes
from evosplit.shared.wire.frame import AFFINE_BITS, DTYPES, Codec

TENSOR_CODECS: Final = (None, "none", "rans")
"""What `TensorCode.codec` may say of a tensor; all else are pictures."""


def check_code(name: str, dtype: str, code: TensorCode) -> None:
    """Raise InputError for a dtype, bit-width, codec or multiplier that the format does not know."""
    if code.codec not in TENSOR_CODECS:
        raise InputError(f"{name!r}: a tensor cannot travel as {code.codec}")
    if code.lagrange_multiplier is not None and not 0 <= code.lagrange_multiplier < math.inf:
        raise InputError(f"{name!r}: {code.lagrange_multiplier} is no Lagrange multiplier")
    if dtype not in DTYPES:
        raise InputError(f"{name!r}: tensors of dtype {dtype} cannot travel")
    if is_affine(dtype, code.bits) and code.bits not in AFFINE_BITS:
        raise InputError(f"{name!r}: {code.bits} bits are none of {', '.join(map(str, AFFINE_BITS))} or 32")


def little_bytes(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """The elements as they stand, little-endian, (bytes,) uint8; not copied where they are so already."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(little).reshape(-1).view(np.uint8)


def whole_tensor(
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    bits: int,
    axis: int | None,
    affine: Affine | None,
    packed: NDArray[np.uint8],
    compressed: bool,
) -> EncodedTensor:
    """Packed bytes with their fields; with zstd where that is shorter, unless not ``compressed``."""
    content = compress(packed) if compressed else None
    fields = (name, dtype, shape, bits, axis, affine)
    if content is None:
        return _tensor(*fields, "none", packed.data, packed.size)
    return _tensor(*fields, "zstd", content, packed.size)


def coded_tensor(
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    bits: int,
    axis: int | None,
    affine: Affine,
    codes: NDArray[Any],
) -> EncodedTensor:
    """Unpacked codes with their fields, entropy coded where that is shorter than packed, else as usual."""
    packed_bytes = packed_size_bytes(shape, bits)
    content = encode_codes(codes, shape, bits, packed_bytes)
    if content is None:
        return whole_tensor(name, dtype, shape, bits, axis, affine, pack(codes, bits), True)
    return _tensor(name, dtype, shape, bits, axis, affine, "rans", content, packed_bytes)


def _tensor(
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    bits: int,
    axis: int | None,
    affine: Affine | None,
    codec: Codec,
    payload: bytes | memoryview,
    packed_bytes: int,
) -> EncodedTensor:
    return EncodedTensor(
        name=name,
        dtype=dtype,
        shape=shape,
        scheme="raw" if affine is None else "affine",
        bits=bits,
        axis=axis,
        scales=() if affine is None else tuple(affine.scales.tolist()),
        zero_points=() if affine is None else tuple(affine.zeros.astype(int).tolist()),
        codec=codec,
        payload=payload,
        packed_bytes=packed_bytes,
    )


def unwrapped(tensor: EncodedTensor) -> NDArray[np.uint8]:
    """The packed bytes without their codec, (packed_bytes,) uint8, read-only; of ``rans`` see `codes_of`.

    Raises WireError.
    """
    payload = tensor.payload
    content = decompress(payload, tensor.packed_bytes) if tensor.codec == "zstd" else payload
    return np.frombuffer(content, np.uint8)


def codes_of(tensor: EncodedTensor) -> NDArray[Any]:
    """The codes of scheme ``affine``, (elements,) uint8, or uint16 at 16 bits. Raises WireError."""
    if tensor.codec != "rans":
        return unpack(unwrapped(tensor), tensor.elements, tensor.bits)
    try:
        return decode_codes(tensor.payload, tensor.shape, tensor.bits)
    except WireError as error:
        raise WireError(f"{tensor.name!r}: {error}") from None


def affine_of(tensor: EncodedTensor) -> Affine:
    """The tensor's scales and zero points."""
    return Affine(np.array(tensor.scales, np.float32), np.array(tensor.zero_points, np.float32))


def check_raw(name: str, dtype: str, content: NDArray[np.uint8]) -> None:
    """Raise WireError for a byte that is no boolean where one should be."""
    if dtype == "bool" and content.max(initial=0) > 1:
        raise WireError(f"{name!r}: a boolean is neither 0 nor 1")


def raw_values(content: NDArray[np.uint8], dtype: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Little-endian bytes as an array of its own."""
    wanted = np.dtype(dtype)
    values: NDArray[np.generic] = content.copy().view(wanted.newbyteorder("<")).astype(wanted, copy=False)
    return values.reshape(shape)


def as_dtype(values: NDArray[np.float32], dtype: str) -> NDArray[np.generic]:
    """Decoded values in the tensor's own type."""
    if dtype == "float16":  # the outermost code may lie half a scale beyond the largest float16
        limit = np.finfo(np.float16).max
        values = np.clip(values, -limit, limit)
    return values.astype(dtype, copy=False)
