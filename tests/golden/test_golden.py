"""Frames that were written once must be read for ever, and written the same way."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from golden_frames import CONTENTS, FOLDER, SHA256, golden_frame

from evosplit.kernels import reference
from evosplit.kernels.affine import Affine
from evosplit.kernels.codec import decode_tensor
from evosplit.shared.wire import decode_frame, encode_frame

NAMES = sorted(CONTENTS)


def test_every_file_is_known():
    assert sorted(path.stem for path in FOLDER.glob("*.evs")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_golden_file_is_read_and_written_the_same(name):
    content = (FOLDER / f"{name}.evs").read_bytes()
    frame = decode_frame(content)
    assert (frame.frame_id, frame.model_sha256) == (f"golden-{name}", SHA256)
    assert encode_frame(frame) == content
    now = golden_frame(name)
    assert [tensor.codec for tensor in now.tensors] == [tensor.codec for tensor in frame.tensors]
    if all(tensor.codec != "zstd" for tensor in frame.tensors):  # zstd's own bytes may change
        assert encode_frame(now) == content


@pytest.mark.parametrize("name", NAMES)
def test_golden_values(name):
    frame = decode_frame((FOLDER / f"{name}.evs").read_bytes())
    for tensor, (tensor_name, array, _, _) in zip(frame.tensors, CONTENTS[name], strict=True):
        decoded = decode_tensor(tensor)
        assert (tensor.name, tensor.shape, tensor.dtype) == (tensor_name, array.shape, array.dtype.name)
        if tensor.scheme == "raw":
            assert (decoded == array).all()
            continue
        affine = Affine(np.array(tensor.scales, np.float32), np.array(tensor.zero_points, np.float32))
        codes = reference.quantise(array.astype(np.float32), affine, tensor.bits, tensor.axis)
        assert (decoded == reference.dequantise(codes, affine, tensor.axis).astype(array.dtype)).all()
        if tensor.codec == "none":
            assert bytes(tensor.payload) == reference.pack(codes, tensor.bits)


def test_version_by_hand():
    """Entropy-coded tensors are of version 3, with a flag where something is restored; nothing else is."""
    for name in NAMES:
        content = (FOLDER / f"{name}.evs").read_bytes()
        coded = b"\x03\x02" if name in ("rans-restored", "rans-components") else b"\x03\x00"
        assert content[4:6] == (coded if name.startswith("rans") else b"\x01\x00")


def test_restorations_by_hand():
    """The name of each tensor's network, or zeros, behind the payloads and before the checksum."""
    content = (FOLDER / "rans-restored.evs").read_bytes()
    assert content[-20:-4] == bytes.fromhex("00ff89abcdef4567") + bytes(8)
    assert decode_frame(content).restorations == ("00ff89abcdef4567", "")


def test_layout_by_hand():
    """The bytes of docs/wire-format.md, without any code of ours."""
    content = (FOLDER / "affine-3.evs").read_bytes()
    assert content[:6] == b"EVSF\x01\x00"
    assert struct.unpack_from("<HI", content, 6) == (1, len(content))
    assert content[12:44].hex() == SHA256
    assert struct.unpack_from("<HH", content, 44) == (15, 2)
    assert content[48:65] == b"golden-affine-312"
    assert struct.unpack_from("<HBBBBbBIII", content, 65) == (1, 10, 1, 3, 0, -1, 3, 1, 6, 6)
    assert content[85:86] == b"x"
    assert struct.unpack_from("<III", content, 86) == (1, 3, 5)
    scale, zero = struct.unpack_from("<fH", content, 98)
    first = content[104] & 7
    assert (first - zero) * scale == pytest.approx(-50 / 8, abs=scale / 2)
    assert len(content) == 104 + 6 + 4
