"""Serialisation of codes to a frame: whole, or as a delta."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

from evosplit.edge.streams.code_epoch import Wire
from evosplit.kernels.delta import encode_delta
from evosplit.kernels.unpacked_codes import Codes, digest, encode_whole
from evosplit.shared.wire import EncodedTensor, Frame, encode_frame

Coded: TypeAlias = tuple[Codes, ...]


def key_frame(frame: Frame, wire: Wire, codes: Coded) -> bytes:
    """A frame that stands alone, whatever base ``frame`` names; its tensors are filled in."""
    codecs = (code.codec for _, code in wire.codes)
    tensors = tuple(map(encode_whole, codes, codecs))
    return _sealed(frame, 0, codes, tensors)


def delta_frame(frame: Frame, wire: Wire, base: Coded, codes: Coded, threshold: int) -> tuple[bytes, Coded]:
    """The blocks of ``codes`` in which one differs from the base's by more, and the codes that result."""
    head = frame.stream
    if head is None:
        raise ValueError("a delta needs a stream")
    each = zip(base, codes, (code.codec for _, code in wire.codes), strict=True)
    deltas = [encode_delta(before, now, head.block, threshold, codec) for before, now, codec in each]
    result = tuple(codes for _, codes in deltas)
    return _sealed(frame, head.base, result, tuple(tensor for tensor, _ in deltas)), result


def _sealed(frame: Frame, base: int, codes: Coded, tensors: tuple[EncodedTensor, ...]) -> bytes:
    if frame.stream is None:
        raise ValueError("a frame of a stream needs its head")
    head = dataclasses.replace(frame.stream, base=base, digest=digest(codes))
    return encode_frame(dataclasses.replace(frame, tensors=tensors, stream=head))
