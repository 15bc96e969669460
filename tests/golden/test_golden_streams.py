"""Frames of streams that were written once must be read for ever, and written the same way."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from golden_frames import SHA256
from stream_frames import BASES, FOLDER, VALUES, golden_stream

from evosplit.cloud.stream_state import StreamStore, restore
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.wire import decode_frame, encode_frame

from stream_frames import CODES  # isort: skip

NAMES = list(VALUES)


def test_every_file_is_known():
    assert sorted(path.stem for path in FOLDER.glob("*.evs")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_golden_file_is_read_and_written_the_same(name):
    content = (FOLDER / f"{name}.evs").read_bytes()
    frame = decode_frame(content)
    assert encode_frame(frame) == content
    assert encode_frame(golden_stream(name)) == content


def test_the_frames_build_on_each_other():
    store = StreamStore()
    for name in NAMES:
        frame = decode_frame((FOLDER / f"{name}.evs").read_bytes())
        assert frame.stream is not None
        assert frame.stream.base == BASES[name]
        for key, codes in restore(store, frame, frame.stream).items():
            whole = decode_tensor(encode_tensor(key, VALUES[name][key], CODES[key]))
            np.testing.assert_array_equal(codes.values(), whole)
            assert codes.values().dtype == VALUES[name][key].dtype


@pytest.mark.parametrize("name", NAMES)
def test_entropy_coded_ones_are_of_version_3_or_4(name):
    content = (FOLDER / f"{name}.evs").read_bytes()
    coded = {"coded-key": (3, 1, "rans"), "coded-delta": (3, 1, "rans"), "coded-on-base": (4, 1, "rans-base")}
    version, flags, codec = coded.get(name, (2, 0, "none"))
    assert tuple(content[4:6]) == (version, flags)
    assert {tensor.codec for tensor in decode_frame(content).tensors} == {codec}


def test_layout_by_hand():
    """The bytes of docs/wire-format.md, without any code of ours."""
    content = (FOLDER / "delta.evs").read_bytes()
    assert content[:6] == b"EVSF\x02\x00"
    assert struct.unpack_from("<HI", content, 6) == (5, len(content))
    assert content[12:44].hex() == SHA256
    assert content[48:61] == b"golden-delta7"
    client, sequence, base = struct.unpack_from("<QQQ", content, 61)
    assert (client, sequence, base) == (0x0123456789ABCDEF, 43, 41)
    block, flags, name_bytes = struct.unpack_from("<HBH", content, 89)
    assert (block, flags, name_bytes) == (8, 1, 7)
    assert content[94:101].decode() == "Gate-ü"
    # the first tensor: 42 codes of 3 bits in 6 blocks, of which the first and the last (2 codes) changed
    assert struct.unpack_from("<HBBBBbBIII", content, 101) == (5, 10, 3, 3, 0, -1, 4, 0, 5, 5)
    assert content[121:126] == b"three"
    assert struct.unpack_from("<IIII", content, 126) == (1, 2, 3, 7)
    assert content[142] == 0b100001
    codes = int.from_bytes(content[143:147], "little")
    differences = [codes >> 3 * place & 7 for place in range(10)]
    assert differences[0] != 0
    assert differences[1:9] == [0] * 8
    assert differences[9] != 0
