"""Reference oracles: the same arithmetic in plain NumPy, one obvious step after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.affine import Affine, Floats

Codes = NDArray[np.uint16]


def quantise(array: Floats, affine: Affine, bits: int, axis: int | None = None) -> Codes:
    """Codes of the shape of ``array``. All values must be finite."""
    scales, zeros = _aligned(affine.scales, array.ndim, axis), _aligned(affine.zeros, array.ndim, axis)
    top = np.float32(2**bits - 1)
    with np.errstate(over="ignore", under="ignore"):
        scaled = array * (np.float32(1) / scales)
    codes: Codes = (np.rint(np.clip(scaled, -zeros, top - zeros)) + zeros).astype(np.uint16)
    return codes


def dequantise(codes: Codes, affine: Affine, axis: int | None = None) -> Floats:
    """Values of the shape of ``codes``, float32."""
    scales, zeros = _aligned(affine.scales, codes.ndim, axis), _aligned(affine.zeros, codes.ndim, axis)
    values: Floats = (codes.astype(np.float32) - zeros) * scales
    return values


def pack(codes: Codes, bits: int) -> bytes:
    """Dense bytes: every code's bits, least significant first, one code after the other in C order."""
    planes = codes.reshape(-1, 1) >> np.arange(bits, dtype=np.uint16) & 1
    return np.packbits(planes.astype(np.uint8).reshape(-1), bitorder="little").tobytes()


def unpack(content: bytes, bits: int, shape: tuple[int, ...]) -> Codes:
    """Codes of ``shape``."""
    count = int(np.prod(shape, dtype=np.int64)) * bits
    planes = np.unpackbits(np.frombuffer(content, np.uint8), count=count, bitorder="little")
    weights = np.uint16(1) << np.arange(bits, dtype=np.uint16)
    codes: Codes = (planes.reshape(-1, bits) * weights).sum(axis=1, dtype=np.uint16).reshape(shape)
    return codes


def _aligned(per_channel: Floats, ndim: int, axis: int | None) -> Floats:
    """Per-channel numbers with the dimensions that broadcast along ``axis``."""
    if axis is None:
        return per_channel.reshape(())
    return per_channel.reshape([-1 if dimension == axis else 1 for dimension in range(ndim)])


def settle(base: Codes, now: Codes, threshold: int, block: int) -> Codes:
    """The codes of ``now``, but the base's in blocks where none is more than ``threshold`` away."""
    far = np.abs(now.astype(np.int32) - base.astype(np.int32)) > threshold
    moved = np.array([far[start : start + block].any() for start in range(0, now.size, block)], bool)
    return np.where(moved.repeat(block)[: now.size], now, base)


def changed_blocks(base: Codes, now: Codes, block: int) -> NDArray[np.bool_]:
    """(blocks,) bool: which blocks of flat codes differ anywhere."""
    differs = np.zeros(-(-base.size // block) * block, bool)
    differs[: base.size] = base != now
    changed: NDArray[np.bool_] = np.any(differs.reshape(-1, block), axis=1)
    return changed


def differences(base: Codes, now: Codes, block: int, bits: int) -> Codes:
    """Differences modulo ``2**bits`` of the codes in changed blocks, one block after the other."""
    inside = changed_blocks(base, now, block).repeat(block)[: base.size]
    changes: Codes = (now.astype(np.int64) - base.astype(np.int64))[inside] % 2**bits
    return changes.astype(np.uint16)


def apply_differences(
    base: Codes, changed: NDArray[np.bool_], changes: Codes, block: int, bits: int
) -> Codes:
    """The inverse: the base with differences added where ``changed`` says so."""
    codes = base.astype(np.int64)
    codes[changed.repeat(block)[: base.size]] += changes
    restored: Codes = (codes % 2**bits).astype(np.uint16)
    return restored
