"""Frame decoder. Nothing is read, counted or allocated before its length is known to be there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from evosplit.shared.errors import WireError
from evosplit.shared.wire.byte_reader import Reader
from evosplit.shared.wire.frame import (
    BASE_CODED_VERSION,
    CODECS,
    CODED_VERSION,
    DTYPES,
    MAGIC,
    MAX_DIMS,
    MAX_ELEMENTS,
    MAX_TENSORS,
    RESTORATION_BYTES,
    RESTORED_FLAG,
    SCHEMES,
    STREAM_FLAG,
    STREAM_VERSION,
    VERSION,
    EncodedTensor,
    Frame,
    StreamHead,
    coded_version,
)
from evosplit.shared.wire.tensor_check import check_frame
from evosplit.shared.wire.wire_sizes import (
    CRC_BYTES,
    DIM_BYTES,
    FRAME_HEAD,
    SCALE_BYTES,
    STREAM_HEAD,
    TENSOR_HEAD,
)

T = TypeVar("T")


def decode_frame(content: bytes | bytearray | memoryview, max_elements: int = MAX_ELEMENTS) -> Frame:
    """The frame that ``content`` holds; payloads are views into it, not copies.

    ``max_elements`` bounds all tensors together, and so what decoding them can allocate. Raises WireError
    if anything is off: magic, version, length, checksum, counts, or a tensor whose fields disagree.
    """
    view = memoryview(content).cast("B").toreadonly()
    head = _head(view)
    reader = Reader(view[FRAME_HEAD.size : len(view) - CRC_BYTES])
    frame_id, cut_key = reader.text(head.frame_id_bytes), reader.text(head.cut_key_bytes)
    stream = _stream(reader) if head.in_stream else None
    tensors = tuple(_tensor(reader) for _ in range(head.tensors))
    restorations = tuple(_restoration(reader) for _ in tensors) if head.is_restored else ()
    if head.coded_version != coded_version(tensors, head.is_restored):
        raise WireError(
            "frames of version 3 hold entropy-coded or restored tensors, of version 4 some that need a base,"
            " others none"
        )
    frame = Frame(frame_id, head.sha256, cut_key, tensors, stream, restorations)
    if reader.left:
        raise WireError(f"a frame ends with {reader.left} bytes that belong to no tensor")
    check_frame(frame, max_elements)
    return frame


@dataclass(frozen=True)
class _Head:
    coded_version: int | None
    in_stream: bool
    is_restored: bool
    tensors: int
    frame_id_bytes: int
    cut_key_bytes: int
    sha256: str


def _head(view: memoryview) -> _Head:
    if len(view) < FRAME_HEAD.size + CRC_BYTES:
        raise WireError(f"a frame of {len(view)} bytes is too short")
    fields = FRAME_HEAD.unpack_from(view)
    magic, version, flags, count, length, sha256, frame_id_bytes, cut_key_bytes = fields
    if magic != MAGIC:
        raise WireError("not an EvoSplit frame")
    if not VERSION <= version <= BASE_CODED_VERSION:
        raise WireError(f"a frame of version {version}; this program reads {VERSION} to {BASE_CODED_VERSION}")
    if length != len(view):
        raise WireError(f"a frame of {length} bytes arrived as {len(view)}")
    (crc,) = struct.unpack_from("<I", view, len(view) - CRC_BYTES)
    if crc != zlib.crc32(view[:-CRC_BYTES]):
        raise WireError("a frame was corrupted on its way: the checksum does not match")
    coded = version if version >= CODED_VERSION else None
    if flags & ~(STREAM_FLAG | RESTORED_FLAG if coded else 0) or count > MAX_TENSORS:
        raise WireError(f"a frame with flags {flags} and {count} tensors is beyond this version's limits")
    in_stream = version == STREAM_VERSION or bool(flags & STREAM_FLAG)
    is_restored = bool(flags & RESTORED_FLAG)
    return _Head(coded, in_stream, is_restored, count, frame_id_bytes, cut_key_bytes, sha256.hex())


def _stream(reader: Reader) -> StreamHead:
    fields = STREAM_HEAD.unpack(reader.take(STREAM_HEAD.size))
    client, sequence, base, digest, block, flags, name_bytes = fields
    if flags > 1:
        raise WireError(f"a stream with flags {flags} is beyond this version's limits")
    return StreamHead(client, reader.text(name_bytes), sequence, base, block, digest, bool(flags))


def _restoration(reader: Reader) -> str:
    name = bytes(reader.take(RESTORATION_BYTES))
    return name.hex() if any(name) else ""


def _tensor(reader: Reader) -> EncodedTensor:
    fields = TENSOR_HEAD.unpack(reader.take(TENSOR_HEAD.size))
    name_bytes, dtype, scheme, bits, codec, axis, ndim, scales, packed_bytes, payload_bytes = fields
    name = reader.text(name_bytes)
    if ndim > MAX_DIMS or axis < -1:
        raise WireError(f"{name!r}: {ndim} dimensions and axis {axis} are beyond the limits")
    reader.need(ndim * DIM_BYTES + scales * SCALE_BYTES + payload_bytes)
    return EncodedTensor(
        name=name,
        dtype=_choice(DTYPES, dtype),
        shape=struct.unpack(f"<{ndim}I", reader.take(4 * ndim)),
        scheme=_choice(SCHEMES, scheme),
        bits=bits,
        axis=None if axis < 0 else axis,
        scales=struct.unpack(f"<{scales}f", reader.take(4 * scales)),
        zero_points=struct.unpack(f"<{scales}H", reader.take(2 * scales)),
        codec=_choice(CODECS, codec),
        payload=reader.take(payload_bytes),
        packed_bytes=packed_bytes,
    )


def _choice(names: Sequence[T], index: int) -> T:
    if index >= len(names):
        raise WireError(f"unknown code {index} where {', '.join(map(str, names))} were expected")
    return names[index]
