"""Validation of frames of a stream, beside what holds for all frames."""

from __future__ import annotations

from evosplit.shared.errors import WireError
from evosplit.shared.wire.frame import (
    BLOCK_STEP,
    DELTA_SCHEMES,
    MAX_BLOCK,
    MAX_SEQUENCE,
    EncodedTensor,
    Frame,
    StreamHead,
)
from evosplit.shared.wire.wire_sizes import bitmap_bytes, delta_codes


def check_stream(frame: Frame) -> None:
    """Raise WireError unless the stream's numbers are in range and key frames alone hold whole tensors."""
    head = frame.stream
    if head is not None:
        _check_head(head)
    is_delta = head is not None and not head.is_key
    for tensor in frame.tensors:
        if (tensor.scheme in DELTA_SCHEMES) != is_delta:
            raise WireError(f"{tensor.name!r}: scheme {tensor.scheme} does not fit its frame")


def _check_head(head: StreamHead) -> None:
    if not (0 <= head.client <= MAX_SEQUENCE and 0 < head.sequence <= MAX_SEQUENCE):
        raise WireError(f"a client {head.client} or a sequence {head.sequence} is out of range")
    if not 0 <= head.base < head.sequence:
        raise WireError(f"frame {head.sequence} cannot build on frame {head.base}")
    if not 0 < head.block <= MAX_BLOCK or head.block % BLOCK_STEP:
        raise WireError(f"blocks of {head.block} codes are no multiple of {BLOCK_STEP} up to {MAX_BLOCK}")
    if not 0 <= head.digest < 2**32:
        raise WireError(f"a digest of {head.digest} is out of range")


def check_delta_size(tensor: EncodedTensor, block: int) -> None:
    """Raise WireError unless the packed bytes can hold the bitmap, and no more codes than the tensor has."""
    if block < 1:
        raise WireError(f"{tensor.name!r}: a delta outside of a stream")
    codes, bits = delta_codes(tensor.shape, tensor.scheme, tensor.bits)
    least = bitmap_bytes(codes, block)
    if not least <= tensor.packed_bytes <= least + (codes * bits + 7) // 8:
        raise WireError(f"{tensor.name!r}: {tensor.packed_bytes} packed bytes do not fit a delta")
