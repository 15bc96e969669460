"""Frames to bytes and back; every rule of the format, written and read."""

from __future__ import annotations

import dataclasses
import struct
import tracemalloc
import zlib

import pytest

from evosplit.shared.errors import WireError
from evosplit.shared.wire import EncodedTensor, Frame, decode_frame, encode_frame
from evosplit.shared.wire.frame import MAX_TEXT_BYTES
from evosplit.shared.wire.wire_sizes import FRAME_HEAD, TENSOR_HEAD

SHA = "0123456789abcdef" * 4
AFFINE = EncodedTensor(
    "conv1", "float32", (2, 3), "affine", 3, 0, (0.5, 0.25), (1, 2), "none", b"\x01\x02\x03", 3
)
RAW = EncodedTensor("ids", "int64", (1,), "raw", 64, None, (), (), "none", bytes(8), 8)
SCALAR = EncodedTensor("s", "float32", (), "raw", 32, None, (), (), "none", bytes(4), 4)
EMPTY = EncodedTensor("e", "float32", (0, 7), "affine", 4, None, (1.0,), (0,), "none", b"", 0)
FRAME = Frame("frame-1", SHA, "12", (AFFINE, RAW, SCALAR, EMPTY))


def sealed(content: bytes | bytearray) -> bytes:
    """The content with the length and the checksum that make it look right."""
    body = bytearray(content[:-4])
    struct.pack_into("<I", body, 8, len(body) + 4)
    return bytes(body) + struct.pack("<I", zlib.crc32(body))


def patched(offset: int, value: bytes) -> bytes:
    content = bytearray(encode_frame(FRAME))
    content[offset : offset + len(value)] = value
    return sealed(content)


def test_round_trip():
    content = encode_frame(FRAME)
    for form in (content, bytearray(content), memoryview(content)):
        assert decode_frame(form) == FRAME


def test_round_trip_of_the_empty_frame():
    frame = Frame("", SHA, "", ())
    assert decode_frame(encode_frame(frame)) == frame


def test_payloads_are_views():
    content = encode_frame(FRAME)
    payload = decode_frame(content).tensors[0].payload
    assert isinstance(payload, memoryview)
    assert payload.obj is content
    assert payload.readonly


def test_names_in_unicode():
    frame = dataclasses.replace(FRAME, frame_id="Schranke-ü", tensors=(dataclasses.replace(RAW, name="层1"),))
    assert decode_frame(encode_frame(frame)) == frame


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_sha256": "0" * 63}, "sha256"),
        ({"model_sha256": SHA.upper()}, "sha256"),
        ({"frame_id": "x" * (MAX_TEXT_BYTES + 1)}, "longer than the limit"),
        ({"frame_id": "\ud800"}, "Unicode"),
        ({"tensors": (RAW, RAW)}, "same name"),
        ({"tensors": tuple(dataclasses.replace(SCALAR, name=str(i)) for i in range(1025))}, "at most 1024"),
        ({"tensors": (dataclasses.replace(SCALAR, shape=(1,) * 17),)}, "17 dimensions"),
        ({"tensors": (dataclasses.replace(AFFINE, bits=9),)}, "9 bits"),
        ({"tensors": (dataclasses.replace(AFFINE, scales=(0.5,)),)}, "1 scales for 2 channels"),
    ],
)
def test_what_may_not_be_written(changes, message):
    with pytest.raises(WireError, match=message):
        encode_frame(dataclasses.replace(FRAME, **changes))


def test_elements_are_counted_over_all_tensors():
    content = encode_frame(FRAME)
    assert decode_frame(content, max_elements=15)  # 6 + 1 + 1 + 7: an empty dimension counts as one
    with pytest.raises(WireError, match="limit of 14"):
        decode_frame(content, max_elements=14)
    with pytest.raises(WireError, match="limit of 14"):
        encode_frame(FRAME, max_elements=14)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too short"),
        (b"EVSF", "too short"),
        (patched(0, b"HTTP"), "not an EvoSplit frame"),
        (patched(4, b"\x04"), "version 4"),
        (patched(5, b"\x01"), "flags 1"),
        (patched(4, b"\x03"), "version 3 hold"),
        (patched(4, b"\x03\x04"), "flags 4"),
        (patched(6, b"\xff\xff"), "65535 tensors"),
        (patched(6, b"\x05\x00"), "early"),
        (patched(6, b"\x03\x00"), "belong to no tensor"),
        (encode_frame(FRAME)[:-1], "arrived as"),
        (encode_frame(FRAME) + b"\0", "arrived as"),
        (encode_frame(FRAME)[:-1] + b"\0", "checksum"),
        (patched(FRAME_HEAD.size, b"\xff\xfe"), "UTF-8"),
    ],
)
def test_frames_that_lie(content, message):
    with pytest.raises(WireError, match=message):
        decode_frame(content)


TENSOR = FRAME_HEAD.size + len("frame-1") + len("12")
SHAPE = TENSOR + TENSOR_HEAD.size + len("conv1")


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (TENSOR, b"\xff\xff", "longer than the limit"),
        (TENSOR + 2, b"\x63", "unknown code 99"),
        (TENSOR + 3, b"\x04", "unknown code 4"),
        (TENSOR + 3, b"\x03", "does not fit its frame"),
        (TENSOR + 4, b"\x01", "1 bits"),
        (TENSOR + 5, b"\x04", "unknown code 4"),
        (TENSOR + 5, b"\x03", "version 3 hold"),
        (TENSOR + 5, b"\x01", "codec 'zstd'"),
        (TENSOR + 5, b"\x02", "version 3 hold"),
        (TENSOR + 6, b"\xfe", "axis -2"),
        (TENSOR + 6, b"\x02", "axis 2"),
        (TENSOR + 7, b"\xff", "255 dimensions"),
        (TENSOR + 8, b"\xff\xff\xff\xff", "early"),
        (TENSOR + 12, b"\xff\xff\xff\xff", "packed bytes"),
        (TENSOR + 16, b"\xff\xff\xff\xff", "early"),
        (SHAPE, b"\xff\xff\xff\xff\xff\xff\xff\xff", "beyond the limit"),
        (SHAPE, b"\x00\x00\x00\x00", "scales for 0 channels"),
        (SHAPE + 8, struct.pack("<f", -1.0), "out of range"),
        (SHAPE + 8, struct.pack("<f", float("nan")), "out of range"),
        (SHAPE + 8, struct.pack("<f", 3e38), "overflows"),
        (SHAPE + 16, b"\x08\x00", "out of range"),
    ],
)
def test_tensors_that_lie_under_a_right_checksum(offset, value, message):
    content = patched(offset, value)
    tracemalloc.start()
    with pytest.raises(WireError, match=message):
        decode_frame(content)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_a_name_with_line_breaks_does_not_break_the_message():
    tensor = dataclasses.replace(AFFINE, name="a\nb", bits=9)
    with pytest.raises(WireError, match=r"^'a\\nb': "):
        encode_frame(dataclasses.replace(FRAME, tensors=(tensor,)))
