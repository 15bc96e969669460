"""Delta encoding of a tensor against a base that the receiver holds: only blocks of codes that changed."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels import delta_blocks
from evosplit.kernels.encoding_steps import check_raw, codes_of, unwrapped
from evosplit.kernels.entropy import compress
from evosplit.kernels.entropy_coding import decode_changes, encode_changes
from evosplit.kernels.packing import pack, unpack
from evosplit.kernels.unpacked_codes import Codes
from evosplit.shared.errors import WireError
from evosplit.shared.wire import EncodedTensor, packed_size_bytes
from evosplit.shared.wire.frame import MAX_CODED_BITS, Codec
from evosplit.shared.wire.tensor_check import check_tensor
from evosplit.shared.wire.wire_sizes import bitmap_bytes

Payload: TypeAlias = tuple[bytes | memoryview, Codec, int]
"""The bytes, their codec, and their length without it."""


def encode_delta(
    base: Codes, now: Codes, block: int, threshold: int = 0, codec: str | None = None
) -> tuple[EncodedTensor, Codes]:
    """The changed blocks of ``now``, and the codes that the receiver then has.

    A block in which no code is more than ``threshold`` steps away keeps the base's codes: 0 leaves all of
    ``now`` as it is, and so does a tensor that is not quantised. Repeated, no code is ever further than
    ``threshold`` from what it stands for: nothing drifts. Both must be of one kind (`same_kind`). Compressed
    as a `TensorCode`'s ``codec`` says where that is shorter.
    """
    threshold = 0 if now.affine is None else threshold
    changed, differences = _changes(base, now, block, threshold)
    bitmap = np.packbits(changed, bitorder="little")
    packed = np.concatenate([bitmap, pack(differences, now.code_bits)])
    content = compress(packed, border=bitmap.size) if codec != "none" else None
    settled = now if threshold == 0 else _changed(base, changed, differences, block)
    usual: Payload = (packed.data, "none", packed.size)
    if content is not None:
        usual = (content, "zstd", packed.size)
    coded = _coded(base, settled, len(usual[0])) if codec == "rans" else None
    return _tensor(now, coded or usual), settled


def _coded(base: Codes, now: Codes, limit_bytes: int) -> Payload | None:
    """All codes, entropy coded with the base's as contexts; None where that is not shorter."""
    if now.affine is None or now.bits > MAX_CODED_BITS:
        return None
    packed_bytes = packed_size_bytes(now.shape, now.bits)
    limit_bytes = min(limit_bytes, packed_bytes)
    content = encode_changes(base.codes, now.codes, now.shape, now.bits, limit_bytes)
    return None if content is None else (content, "rans-base", packed_bytes)


def _tensor(now: Codes, payload: Payload) -> EncodedTensor:
    content, codec, packed_bytes = payload
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
        payload=content,
        packed_bytes=packed_bytes,
    )


def _changes(
    base: Codes, now: Codes, block: int, threshold: int
) -> tuple[NDArray[np.uint8], NDArray[np.generic]]:
    """1 for each changed block, and the differences of their codes."""
    count, blocks_count = now.codes.size, -(-now.codes.size // block)
    far = np.zeros(blocks_count * block, np.uint8)
    delta_blocks.mark_far(base.codes, now.codes, np.int32(threshold), far)
    changed = np.empty(blocks_count, np.uint8)
    delta_blocks.any_in_blocks(far, block, changed)
    whole = np.zeros(blocks_count * block, now.codes.dtype)
    delta_blocks.subtract(base.codes, now.codes, _top(now), whole)
    taken = np.empty(int(changed.sum()) * block, now.codes.dtype)
    delta_blocks.take(whole.view(np.uint8), block * whole.itemsize, changed, taken.view(np.uint8))
    return changed, taken[: _codes_in(changed, block, count)]


def _changed(base: Codes, changed: NDArray[np.uint8], differences: NDArray[np.generic], block: int) -> Codes:
    """The base with the differences of its changed blocks added."""
    taken = np.zeros(int(changed.sum()) * block, base.codes.dtype)
    taken[: differences.size] = differences
    whole = np.zeros(changed.size * block, base.codes.dtype)
    delta_blocks.put(taken.view(np.uint8), block * whole.itemsize, changed, whole.view(np.uint8))
    codes = np.empty_like(base.codes)
    delta_blocks.add(base.codes, whole, _top(base), codes)
    return dataclasses.replace(base, codes=codes)


def _codes_in(changed: NDArray[np.uint8], block: int, count: int) -> int:
    """Codes in the changed blocks of so many; the last block may be short."""
    missing = changed.size * block - count if changed.size and changed[-1] else 0
    return int(changed.sum()) * block - missing


def _top(codes: Codes) -> np.int32:
    return np.int32(2**codes.code_bits - 1)


def apply_delta(base: Codes, tensor: EncodedTensor, block: int) -> Codes:
    """The codes that ``tensor`` stands for. Raises WireError unless it fits the base and itself."""
    check_tensor(tensor, block)
    if _kind(tensor.scheme == "raw-delta", tensor) != _kind(base.affine is None, base):
        raise WireError(f"{tensor.name!r}: a delta of another kind than its base")
    if tensor.codec in ("rans", "rans-base"):
        return _decoded(base, tensor)
    count, bits = base.codes.size, base.code_bits
    packed, border = unwrapped(tensor), bitmap_bytes(count, block)
    changed = _flags(tensor.name, packed[:border], -(-count // block))
    kept = _codes_in(changed, block, count)
    if packed.size - border != (kept * bits + 7) // 8:
        raise WireError(f"{tensor.name!r}: {packed.size - border} bytes for {kept} codes of {bits} bits")
    restored = _changed(base, changed, unpack(packed[border:], kept, bits), block)
    check_raw(tensor.name, tensor.dtype, restored.codes)
    return restored


def _decoded(base: Codes, tensor: EncodedTensor) -> Codes:
    if tensor.packed_bytes != packed_size_bytes(tensor.shape, tensor.bits):
        raise WireError(f"{tensor.name!r}: {tensor.packed_bytes} packed bytes for all differences")
    if tensor.codec == "rans-base":
        return dataclasses.replace(base, codes=_changed_codes(base, tensor))
    shifted = codes_of(tensor)  # as deltas were coded before
    codes = (base.codes + shifted - np.uint8(2 ** (tensor.bits - 1))) & np.uint8(_top(base))
    return dataclasses.replace(base, codes=codes)


def _changed_codes(base: Codes, tensor: EncodedTensor) -> NDArray[np.uint8]:
    try:
        return decode_changes(tensor.payload, base.codes, tensor.shape, tensor.bits)
    except WireError as error:
        raise WireError(f"{tensor.name!r}: {error}") from None


def _flags(name: str, bitmap: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    flags = np.unpackbits(bitmap, bitorder="little")
    if flags[count:].any():
        raise WireError(f"{name!r}: bits are set behind the last block")
    return flags[:count].copy()


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
