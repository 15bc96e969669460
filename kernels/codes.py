"""A tensor as unpacked unsigned codes: what two frames of a stream are compared by.

A quantised tensor has one code per element, a tensor that travels as it stands one code per byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.affine import Affine
from kernels.bitpack import GROUP, SLACK_BYTES, pack_words, unpack_words
from kernels.entropy import compress, decompress
from kernels.quantise import affine_for, dequantise_codes, quantise_codes
from kernels.sizes import is_affine
from shared.errors import InputError, WireError
from shared.plan import TensorCode
from shared.wire import EncodedTensor
from shared.wire.check import check_tensor
from shared.wire.sizes import raw_bits
from shared.wire.types import AFFINE_BITS, DTYPES, Codec

_NOTHING = np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class Codes:
    """``codes`` is (elements,) uint8, uint16 at 16 bits, or (bytes,) uint8 where ``affine`` is None.

    ``bits`` is the width of a code, or of an element where ``affine`` is None; ``axis`` that of the scales.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    bits: int
    axis: int | None
    affine: Affine | None
    codes: NDArray[Any]

    @property
    def code_bits(self) -> int:
        """Bits of one code."""
        return 8 if self.affine is None else self.bits

    def values(self) -> NDArray[np.generic]:
        """The tensor, of ``shape`` and ``dtype``; bit for bit what decoding the whole tensor gives."""
        dtype = np.dtype(self.dtype)
        if self.affine is None:
            return self.codes.view(dtype.newbyteorder("<")).astype(dtype).reshape(self.shape)
        values = dequantise_codes(self.codes, self.shape, self.affine, self.axis)
        if dtype == np.float16:  # the outermost code may lie half a scale beyond the largest float16
            limit = np.finfo(np.float16).max
            values = np.clip(values, -limit, limit)
        return values.astype(dtype, copy=False)


def to_codes(
    name: str,
    array: NDArray[np.generic],
    code: TensorCode,
    ends: tuple[ArrayLike, ArrayLike] | None = None,
) -> Codes:
    """Quantise over ``ends``, or the code's range, or the array's own. Raises InputError as encoding does."""
    dtype = array.dtype.name
    if dtype not in DTYPES:
        raise InputError(f"{name!r}: tensors of dtype {dtype} cannot travel")
    if not is_affine(dtype, code.bits):
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        return Codes(
            name, dtype, array.shape, raw_bits(dtype), None, None, little.reshape(-1).view(np.uint8).copy()
        )
    if code.bits not in AFFINE_BITS:
        raise InputError(f"{name!r}: {code.bits} bits are none of {', '.join(map(str, AFFINE_BITS))} or 32")
    low, high = ends or (code.low, code.high)
    try:
        affine = affine_for(array, code.bits, low, high, None)
        codes = quantise_codes(array, affine, code.bits)
    except InputError as error:
        raise InputError(f"{name!r}: {error}") from None
    return Codes(name, dtype, array.shape, code.bits, None, affine, codes)


def pack(codes: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Dense bytes of (n,) codes, (ceil(n * bits / 8),) uint8."""
    if bits >= 8:
        return codes.view(np.uint8)
    groups = -(-codes.size // GROUP)
    padded = np.zeros(groups * GROUP, np.uint8)
    padded[: codes.size] = codes
    packed = np.empty(groups * bits + SLACK_BYTES, np.uint8)
    pack_words(padded, groups, bits, packed, 0, _NOTHING)
    return packed[: (codes.size * bits + 7) // 8]


def unpack(packed: NDArray[np.uint8], count: int, bits: int) -> NDArray[Any]:
    """The inverse, (count,) uint8 or uint16. Raises WireError for bits behind the last code."""
    if bits >= 8:
        return packed.copy().view(np.uint8 if bits == 8 else np.dtype("<u2"))
    if count * bits % 8 and packed[-1] >> (count * bits % 8):
        raise WireError("bits are set behind the last code")
    groups = -(-count // GROUP)
    slack = np.zeros(groups * bits + SLACK_BYTES, np.uint8)
    slack[: packed.size] = packed
    codes = np.empty(groups * GROUP, np.uint8)
    unpack_words(slack, 0, groups, bits, codes, _NOTHING)
    return codes[:count]


def encode_whole(codes: Codes, compressed: bool = True) -> EncodedTensor:
    """The whole tensor for the wire; with zstd where that is shorter, unless not ``compressed``."""
    packed = pack(codes.codes, codes.code_bits)
    content = compress(packed) if compressed else None
    codec: Codec = "none" if content is None else "zstd"
    affine = codes.affine
    return EncodedTensor(
        name=codes.name,
        dtype=codes.dtype,
        shape=codes.shape,
        scheme="raw" if affine is None else "affine",
        bits=codes.bits,
        axis=codes.axis,
        scales=() if affine is None else tuple(affine.scales.tolist()),
        zero_points=() if affine is None else tuple(affine.zeros.astype(int).tolist()),
        codec=codec,
        payload=packed.data if content is None else content,
        packed_bytes=packed.size,
    )


def decode_whole(tensor: EncodedTensor) -> Codes:
    """The codes of a whole tensor. Raises WireError for one that lies; its shape is the caller's to check."""
    check_tensor(tensor)
    packed = unwrapped(tensor)
    if tensor.scheme == "raw":
        if tensor.dtype == "bool" and packed.size and packed.max() > 1:
            raise WireError(f"{tensor.name!r}: a boolean is neither 0 nor 1")
        return Codes(tensor.name, tensor.dtype, tensor.shape, tensor.bits, None, None, packed.copy())
    affine = Affine(np.array(tensor.scales, np.float32), np.array(tensor.zero_points, np.float32))
    codes = unpack(packed, tensor.elements, tensor.bits)
    return Codes(tensor.name, tensor.dtype, tensor.shape, tensor.bits, tensor.axis, affine, codes)


def unwrapped(tensor: EncodedTensor) -> NDArray[np.uint8]:
    """The packed bytes of a tensor without its codec; (packed_bytes,) uint8, read-only."""
    payload = tensor.payload
    content = decompress(payload, tensor.packed_bytes) if tensor.codec == "zstd" else payload
    return np.frombuffer(content, np.uint8)


def digest(tensors: Iterable[Codes]) -> int:
    """CRC-32 of all codes, one tensor after the other."""
    crc = 0
    for tensor in tensors:
        crc = zlib.crc32(tensor.codes.view(np.uint8).data, crc)
    return crc
