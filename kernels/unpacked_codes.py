"""Unpacked unsigned codes of a tensor: what two frames of a stream are compared by.

A quantised tensor has one code per element, a tensor that travels as it stands one code per byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evosplit.kernels.affine import Affine
from evosplit.kernels.encoded_sizes import dtype_name, is_affine
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
from evosplit.kernels.packing import pack
from evosplit.kernels.quantise import affine_for, dequantise_codes, quantise_codes
from evosplit.shared.errors import InputError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import EncodedTensor
from evosplit.shared.wire.frame import MAX_CODED_BITS
from evosplit.shared.wire.tensor_check import check_tensor
from evosplit.shared.wire.wire_sizes import raw_bits


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
        if self.affine is None:
            return raw_values(self.codes, self.dtype, self.shape)
        return as_dtype(dequantise_codes(self.codes, self.shape, self.affine, self.axis), self.dtype)


def to_codes(
    name: str,
    array: NDArray[np.generic],
    code: TensorCode,
    ends: tuple[ArrayLike, ArrayLike] | None = None,
) -> Codes:
    """Quantise over ``ends``, or the code's range, or the array's own. Raises InputError as encoding does."""
    dtype = dtype_name(array.dtype)
    check_code(name, dtype, code)
    if not is_affine(dtype, code.bits):
        return Codes(name, dtype, array.shape, raw_bits(dtype), None, None, little_bytes(array).copy())
    low, high = ends or (code.low, code.high)
    try:
        affine = affine_for(array, code.bits, low, high, None)
        codes = quantise_codes(array, affine, code.bits)
    except InputError as error:
        raise InputError(f"{name!r}: {error}") from None
    return Codes(name, dtype, array.shape, code.bits, None, affine, codes)


def encode_whole(codes: Codes, codec: str | None = None) -> EncodedTensor:
    """The whole tensor for the wire, compressed as a `TensorCode`'s ``codec`` says where that is shorter."""
    fields = (codes.name, codes.dtype, codes.shape, codes.bits, codes.axis)
    if codec == "rans" and codes.affine is not None and codes.bits <= MAX_CODED_BITS:
        return coded_tensor(*fields, codes.affine, codes.codes)
    return whole_tensor(*fields, codes.affine, pack(codes.codes, codes.code_bits), codec != "none")


def decode_whole(tensor: EncodedTensor) -> Codes:
    """The codes of a whole tensor. Raises WireError for one that lies; its shape is the caller's to check."""
    check_tensor(tensor)
    if tensor.scheme == "raw":
        packed = unwrapped(tensor)
        check_raw(tensor.name, tensor.dtype, packed)
        return Codes(tensor.name, tensor.dtype, tensor.shape, tensor.bits, None, None, packed.copy())
    affine = affine_of(tensor)
    return Codes(tensor.name, tensor.dtype, tensor.shape, tensor.bits, tensor.axis, affine, codes_of(tensor))


def digest(tensors: Iterable[Codes]) -> int:
    """CRC-32 of all codes, one tensor after the other."""
    crc = 0
    for tensor in tensors:
        crc = zlib.crc32(tensor.codes.view(np.uint8).data, crc)
    return crc
