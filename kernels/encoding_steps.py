"""What every way to encode or decode a whole tensor shares: its checks, its fields, its last steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.affine import Affine
from evosplit.kernels.encoded_sizes import is_affine
from evosplit.kernels.entropy import compress, decompress
from evosplit.shared.errors import InputError, WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import EncodedTensor
from evosplit.shared.wire.frame import AFFINE_BITS, DTYPES, Codec


def check_code(name: str, dtype: str, code: TensorCode) -> None:
    """Raise InputError for a dtype, bit-width or codec that the format does not know."""
    if code.codec not in (None, "none"):
        raise InputError(f"{name!r}: a tensor cannot travel as {code.codec}")
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
    codec: Codec = "none" if content is None else "zstd"
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
        payload=packed.data if content is None else content,
        packed_bytes=packed.size,
    )


def unwrapped(tensor: EncodedTensor) -> NDArray[np.uint8]:
    """The packed bytes without their codec, (packed_bytes,) uint8, read-only. Raises WireError."""
    payload = tensor.payload
    content = decompress(payload, tensor.packed_bytes) if tensor.codec == "zstd" else payload
    return np.frombuffer(content, np.uint8)


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
