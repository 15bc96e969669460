"""Deltas of a tensor against a base that the receiver holds: only the blocks of codes that changed."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from kernels import blocks
from kernels.codes import Codes, pack, unpack, unwrapped
from kernels.entropy import compress
from shared.errors import WireError
from shared.wire import EncodedTensor
from shared.wire.check import check_tensor
from shared.wire.sizes import bitmap_bytes
from shared.wire.types import Codec


def settle(base: Codes, now: Codes, threshold: int, block: int) -> Codes:
    """``now``, but with the base's codes in the blocks of which none is more than ``threshold`` steps away.

    0 leaves ``now`` as it is, and so does a tensor that is not quantised. Repeated, no code is ever further
    than ``threshold`` from what it stands for: nothing drifts.
    """
    if threshold <= 0 or now.affine is None or not now.codes.size:
        return now
    settled = np.empty_like(now.codes)
    blocks.settle(base.codes, now.codes, block, np.int32(threshold), settled)
    return dataclasses.replace(now, codes=settled)


def encode_delta(base: Codes, now: Codes, block: int, compressed: bool = True) -> EncodedTensor:
    """The changed blocks of ``now``; both must be of one kind (`same_kind`). With zstd where that helps."""
    bitmap, differences = _changes(base, now, block)
    packed = np.concatenate([bitmap, pack(differences, now.code_bits)])
    content = compress(packed, border=bitmap.size) if compressed else None
    codec: Codec = "none" if content is None else "zstd"
    return EncodedTensor(
        name=now.name,
        dtype=now.dtype,
        shape=now.shape,
        scheme="raw-delta" if now.affine is None else "affine-delta",
        bits=now.bits,
        axis=None,
        scales=(),
        zero_points=(),
        codec=codec,
        payload=packed.data if content is None else content,
        packed_bytes=packed.size,
    )


def _changes(base: Codes, now: Codes, block: int) -> tuple[NDArray[np.uint8], NDArray[np.generic]]:
    """The bitmap of changed blocks, and the differences of their codes."""
    changed = np.zeros(-(-now.codes.size // block), np.uint8)
    found = blocks.changed_blocks(base.codes, now.codes, block, changed)
    differences = np.empty(found, now.codes.dtype)
    blocks.gather(base.codes, now.codes, block, 2**now.code_bits - 1, changed, differences)
    return np.packbits(changed, bitorder="little"), differences


def apply_delta(base: Codes, tensor: EncodedTensor, block: int) -> Codes:
    """The codes that ``tensor`` stands for. Raises WireError unless it fits the base and itself."""
    check_tensor(tensor, block)
    if _kind(tensor.scheme == "raw-delta", tensor) != _kind(base.affine is None, base):
        raise WireError(f"{tensor.name!r}: a delta of another kind than its base")
    count, bits = base.codes.size, base.code_bits
    packed, border = unwrapped(tensor), bitmap_bytes(count, block)
    changed = _flags(tensor.name, packed[:border], -(-count // block))
    found = int(changed.sum()) * block
    if changed.size and changed[-1]:
        found -= changed.size * block - count
    if packed.size - border != (found * bits + 7) // 8:
        raise WireError(f"{tensor.name!r}: {packed.size - border} bytes for {found} codes of {bits} bits")
    codes = base.codes.copy()
    differences = unpack(packed[border:], found, bits)
    blocks.scatter(codes, block, 2**bits - 1, changed, differences)
    _check_booleans(tensor, codes)
    return dataclasses.replace(base, codes=codes)


def _flags(name: str, bitmap: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    flags = np.unpackbits(bitmap, bitorder="little")
    if flags[count:].any():
        raise WireError(f"{name!r}: bits are set behind the last block")
    return flags[:count].copy()


def _check_booleans(tensor: EncodedTensor, codes: NDArray[np.generic]) -> None:
    if tensor.dtype == "bool" and codes.size and codes.max() > 1:
        raise WireError(f"{tensor.name!r}: a boolean is neither 0 nor 1")


def same_kind(base: Codes, now: Codes) -> bool:
    """Whether one can be a delta of the other: same name, type, shape, width and scales."""
    if _kind(base.affine is None, base) != _kind(now.affine is None, now):
        return False
    if base.affine is None or now.affine is None:
        return True
    return np.array_equal(base.affine.scales, now.affine.scales) and np.array_equal(
        base.affine.zeros, now.affine.zeros
    )


def _kind(is_raw: bool, item: Codes | EncodedTensor) -> tuple[bool, str, str, tuple[int, ...], int]:
    return is_raw, item.name, item.dtype, item.shape, item.bits
