"""Frames of a stream: every rule of the format, written and read."""

from __future__ import annotations

import dataclasses
import struct
import tracemalloc
import zlib

import pytest

from evosplit.shared.errors import WireError
from evosplit.shared.wire import EncodedTensor, Frame, StreamHead, decode_frame, encode_frame
from evosplit.shared.wire.wire_sizes import FRAME_HEAD, STREAM_HEAD, TENSOR_HEAD

SHA = "0123456789abcdef" * 4
HEAD = StreamHead(client=7, stream="cam", sequence=5, base=3, block=8, digest=9)
# 20 codes of 4 bits in 3 blocks, of which one changed
DELTA = EncodedTensor(
    "x", "float32", (4, 5), "affine-delta", 4, None, (), (), "none", b"\x02\x01\x02\x03\x04", 5
)
RAW_DELTA = EncodedTensor("ids", "int64", (2,), "raw-delta", 64, None, (), (), "none", b"\x00", 1)
RAW = EncodedTensor("ids", "int64", (1,), "raw", 64, None, (), (), "none", bytes(8), 8)
FRAME = Frame("frame-1", SHA, "12", (DELTA, RAW_DELTA), HEAD)
KEY = Frame("frame-1", SHA, "12", (RAW,), dataclasses.replace(HEAD, base=0, keep=False))
STREAM = FRAME_HEAD.size + len("frame-1") + len("12")
TENSOR = STREAM + STREAM_HEAD.size + len("cam")


def patched(offset: int, value: bytes) -> bytes:
    body = bytearray(encode_frame(FRAME)[:-4])
    body[offset : offset + len(value)] = value
    return bytes(body) + struct.pack("<I", zlib.crc32(body))


@pytest.mark.parametrize("frame", [FRAME, KEY, dataclasses.replace(FRAME, tensors=())])
def test_round_trip(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame
    assert encode_frame(frame)[4] == 2


def test_a_frame_that_stands_alone_is_still_of_version_1() -> None:
    assert encode_frame(dataclasses.replace(KEY, stream=None))[4] == 1


def with_head(**changes: object) -> Frame:
    return dataclasses.replace(FRAME, stream=dataclasses.replace(HEAD, **changes))


def with_tensor(**changes: object) -> Frame:
    return dataclasses.replace(FRAME, tensors=(dataclasses.replace(DELTA, **changes),))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (with_head(client=2**64), "out of range"),
        (with_head(sequence=0, base=0), "out of range"),
        (with_head(base=5), "cannot build on frame 5"),
        (with_head(base=-1), "cannot build on"),
        (with_head(block=0), "blocks of 0 codes"),
        (with_head(block=12), "blocks of 12 codes"),
        (with_head(block=2**16), "blocks of 65536"),
        (with_head(digest=2**32), "digest"),
        (with_head(stream="x" * 1025), "longer than the limit"),
        (with_head(base=0), "affine-delta does not fit its frame"),
        (dataclasses.replace(FRAME, stream=None), "affine-delta does not fit its frame"),
        (dataclasses.replace(FRAME, tensors=(RAW,)), "raw does not fit its frame"),
        (with_tensor(packed_bytes=0, payload=b""), "do not fit a delta"),
        (with_tensor(packed_bytes=12, payload=bytes(12)), "do not fit a delta"),
        (with_tensor(bits=9), "9 bits"),
        (with_tensor(dtype="int8"), "int8"),
        (with_tensor(axis=0), "no scales of its own"),
        (with_tensor(scales=(1.0,), zero_points=(0,)), "no scales of its own"),
        (with_tensor(scheme="raw-delta"), "does not have 4 bits"),
    ],
)
def test_what_may_not_be_written(frame: Frame, message: str) -> None:
    with pytest.raises(WireError, match=message):
        encode_frame(frame)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (4, b"\x01", "early|longer|UTF-8|unknown|belong"),
        (STREAM + 8, bytes(8), "out of range"),
        (STREAM + 16, b"\x05", "cannot build on frame 5"),
        (STREAM + 16, b"\x00", "does not fit its frame"),
        (STREAM + 28, b"\x00\x00", "blocks of 0"),
        (STREAM + 28, b"\x09\x00", "blocks of 9"),
        (STREAM + 30, b"\x02", "flags 2"),
        (STREAM + 31, b"\xff\xff", "longer than the limit"),
        (STREAM + 33, b"\xff", "UTF-8"),
        (TENSOR + 3, b"\x01", "scales for 1 channels|does not fit its frame"),
        (TENSOR + 12, b"\xff\xff\xff\xff", "do not fit a delta"),
        (TENSOR + 16, b"\xff\xff\xff\xff", "early"),
        (TENSOR + TENSOR_HEAD.size + 1, b"\xff\xff\xff\xff\xff\xff\xff\xff", "beyond the limit"),
    ],
)
def test_frames_that_lie_under_a_right_checksum(offset: int, value: bytes, message: str) -> None:
    content = patched(offset, value)
    tracemalloc.start()
    with pytest.raises(WireError, match=message):
        decode_frame(content)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000
