"""Names of restoration networks in frames: written, read, and every lie about them."""

from __future__ import annotations

import dataclasses
import struct
import zlib

import pytest

from evosplit.shared.errors import WireError
from evosplit.shared.plan import TensorCode, restoration_names
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.wire import EncodedTensor, Frame, StreamHead, decode_frame, encode_frame

SHA = "0123456789abcdef" * 4
NAME = "00ff" * 4
TENSOR = EncodedTensor("a", "float32", (2,), "affine", 4, None, (0.5,), (1,), "none", b"\x12", 1)
OTHER = dataclasses.replace(TENSOR, name="b")
FRAME = Frame("f", SHA, "3", (TENSOR, OTHER), restorations=("", NAME))


def sealed(content: bytes) -> bytes:
    body = bytearray(content[:-4])
    struct.pack_into("<I", body, 8, len(body) + 4)
    return bytes(body) + struct.pack("<I", zlib.crc32(body))


def test_round_trip_in_version_3_with_its_flag() -> None:
    content = encode_frame(FRAME)
    assert decode_frame(content) == FRAME
    assert content[4:6] == b"\x03\x02"
    assert content[-20:-4] == bytes(8) + bytes.fromhex(NAME)


def test_a_stream_may_be_restored_too() -> None:
    head = StreamHead(1, "gate", 1, 0, 8, 0)
    frame = dataclasses.replace(FRAME, stream=head)
    content = encode_frame(frame)
    assert content[4:6] == b"\x03\x03"
    assert decode_frame(content) == frame


def test_without_any_the_frame_is_what_it_was() -> None:
    plain = encode_frame(dataclasses.replace(FRAME, restorations=()))
    assert plain[4:6] == b"\x01\x00"
    assert len(encode_frame(FRAME)) == len(plain) + 16


@pytest.mark.parametrize("names", [("", ""), (NAME,), ("", NAME, NAME), ("x" * 16, ""), ("0" * 16, NAME)])
def test_names_that_break_the_rules_are_not_written(names: tuple[str, ...]) -> None:
    with pytest.raises(WireError, match="restoration"):
        encode_frame(dataclasses.replace(FRAME, restorations=names))


def test_lies_about_them_are_not_read() -> None:
    content = encode_frame(FRAME)
    with pytest.raises(WireError, match="names none"):
        decode_frame(sealed(content[:-12] + bytes(8) + content[-4:]))
    with pytest.raises(WireError):
        decode_frame(sealed(content[:-12] + content[-4:]))
    for version, flags in ((1, 2), (2, 2), (3, 4)):
        with pytest.raises(WireError, match="flags"):
            decode_frame(sealed(content[:4] + bytes((version, flags)) + content[6:]))


def test_codes_name_what_restores_them() -> None:
    plain, restored = TensorCode(4, 0.0, 1.0, "rans"), TensorCode(4, 0.0, 1.0, "rans", restoration=NAME)
    assert restoration_names([plain, plain]) == ()
    assert restoration_names([plain, restored]) == ("", NAME)
    assert b"restoration" not in to_json(plain)
    assert from_json(TensorCode, to_json(restored), WireError) == restored
