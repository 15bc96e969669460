"""Exact sizes on the wire, so that a planner can predict a whole frame."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Final

import numpy as np

FRAME_HEAD: Final = struct.Struct("<4sBBHI32sHH")
"""magic, version, flags, tensors, length of the whole frame, sha256, bytes of frame id, of cut key."""
TENSOR_HEAD: Final = struct.Struct("<HBBBBbBIII")
"""Bytes of name, dtype, scheme, bits, codec, axis (-1: none), dimensions, scales, packed bytes, payload."""
DIM_BYTES: Final = 4
SCALE_BYTES: Final = 4 + 2
"""A float32 scale and a uint16 zero point."""
STREAM_HEAD: Final = struct.Struct("<QQQIHBH")
"""client, sequence, base, digest, block, flags (1: keep), bytes of the stream's name."""
CRC_BYTES: Final = 4


def packed_size_bytes(shape: Sequence[int], bits: int) -> int:
    """Bytes of the dense codes (or raw elements of ``bits`` bits) of a tensor, before any codec."""
    return (math.prod(shape) * bits + 7) // 8


def raw_bits(dtype: str) -> int:
    """Width of one element of a NumPy dtype name, in bits."""
    return 8 * np.dtype(dtype).itemsize


def tensor_overhead_bytes(name: str, ndim: int, scales: int) -> int:
    """Bytes of a tensor in a frame besides its payload; ``scales`` is 0 for scheme raw."""
    return TENSOR_HEAD.size + len(name.encode()) + DIM_BYTES * ndim + SCALE_BYTES * scales


def frame_overhead_bytes(cut_key: str, frame_id_bytes: int = 36) -> int:
    """Bytes of a frame without its tensors; the default frame id is a UUID as text."""
    return FRAME_HEAD.size + frame_id_bytes + len(cut_key.encode()) + CRC_BYTES


def delta_codes(shape: Sequence[int], scheme: str, bits: int) -> tuple[int, int]:
    """How many codes a delta tensor is made of, and the bits of one; a raw tensor's codes are its bytes."""
    elements = math.prod(shape)
    return (elements * bits // 8, 8) if scheme == "raw-delta" else (elements, bits)


def bitmap_bytes(codes: int, block: int) -> int:
    """Bytes of one bit for each block of so many codes; the last block may be short."""
    return (-(-codes // block) + 7) // 8
