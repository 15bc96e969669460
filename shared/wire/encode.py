"""Frame encoder."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from evosplit.shared.errors import WireError
from evosplit.shared.wire.frame import (
    CODECS,
    DTYPES,
    MAGIC,
    MAX_ELEMENTS,
    MAX_FRAME_BYTES,
    MAX_TEXT_BYTES,
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
from evosplit.shared.wire.wire_sizes import CRC_BYTES, FRAME_HEAD, STREAM_HEAD, TENSOR_HEAD


def encode_frame(frame: Frame, max_elements: int = MAX_ELEMENTS) -> bytes:
    """Bytes that `decode_frame` turns into an equal frame. Raises WireError if the frame breaks a rule."""
    check_frame(frame, max_elements)
    frame_id, cut_key = _text(frame.frame_id), _text(frame.cut_key)
    parts: list[bytes | memoryview] = [frame_id, cut_key, _stream_part(frame.stream)]
    parts += [part for tensor in frame.tensors for part in _tensor_parts(tensor)]
    parts += [bytes.fromhex(name) or bytes(RESTORATION_BYTES) for name in frame.restorations]
    length = FRAME_HEAD.size + sum(map(len, parts)) + CRC_BYTES
    if length > MAX_FRAME_BYTES:
        raise WireError(f"a frame of {length} bytes is larger than the limit of {MAX_FRAME_BYTES}")
    sha256 = bytes.fromhex(frame.model_sha256)
    texts = (len(frame_id), len(cut_key))
    head = FRAME_HEAD.pack(MAGIC, *_version(frame), len(frame.tensors), length, sha256, *texts)
    content = b"".join((head, *parts))
    return content + struct.pack("<I", zlib.crc32(content))


def _version(frame: Frame) -> tuple[int, int]:
    """The oldest version that can hold the frame, so that older readers take it, and its flags."""
    in_stream, version = frame.stream is not None, coded_version(frame.tensors, bool(frame.restorations))
    if version is not None:
        return version, (STREAM_FLAG if in_stream else 0) | (RESTORED_FLAG if frame.restorations else 0)
    return STREAM_VERSION if in_stream else VERSION, 0


def _stream_part(head: StreamHead | None) -> bytes:
    if head is None:
        return b""
    name = _text(head.stream)
    numbers = (head.client, head.sequence, head.base, head.digest, head.block, int(head.keep))
    return STREAM_HEAD.pack(*numbers, len(name)) + name


def _tensor_parts(tensor: EncodedTensor) -> Iterator[bytes | memoryview]:
    name = _text(tensor.name)
    yield TENSOR_HEAD.pack(
        len(name),
        DTYPES.index(tensor.dtype),
        SCHEMES.index(tensor.scheme),
        tensor.bits,
        CODECS.index(tensor.codec),
        -1 if tensor.axis is None else tensor.axis,
        len(tensor.shape),
        len(tensor.scales),
        tensor.packed_bytes,
        len(tensor.payload),
    )
    yield name
    yield struct.pack(f"<{len(tensor.shape)}I", *tensor.shape)
    yield struct.pack(f"<{len(tensor.scales)}f", *tensor.scales)
    yield struct.pack(f"<{len(tensor.zero_points)}H", *tensor.zero_points)
    yield tensor.payload


def _text(text: str) -> bytes:
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise WireError(f"not valid Unicode: {text!r}") from None
    if len(content) > MAX_TEXT_BYTES:
        raise WireError(f"a name of {len(content)} bytes is longer than the limit of {MAX_TEXT_BYTES}")
    return content
