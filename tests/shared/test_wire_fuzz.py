"""Broken frames: nothing but WireError, and never another content."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.errors import WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import Frame, decode_frame, encode_frame

RNG = np.random.default_rng(0)
RELU = np.maximum(RNG.normal(size=(1, 4, 12, 12)), 0).astype(np.float32)
FRAME = Frame(
    "5e1f",
    "ab" * 32,
    "x1f",
    (
        encode_tensor("plain", RNG.uniform(size=(3, 5)).astype(np.float32), TensorCode(5)),
        encode_tensor("squeezed", RELU, TensorCode(4)),
        encode_tensor("channels", RELU, TensorCode(3), axis=1),
        encode_tensor("half", RELU[0, 0].astype(np.float16), TensorCode(16)),
        encode_tensor("whole", np.arange(4), TensorCode(32)),
    ),
)
CONTENT = encode_frame(FRAME)
EDITS = st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1, max_size=8)


def edited(edits):
    content = bytearray(CONTENT)
    for place, value in edits:
        content[place] = value
    return bytes(content)


def decode_or_none(content):
    """The frame and its arrays, or None where a WireError said no; anything else fails the test."""
    try:
        frame = decode_frame(content, max_elements=100_000)
        arrays = [decode_tensor(tensor, max_elements=100_000) for tensor in frame.tensors]
    except WireError as error:
        if "\n" in str(error):
            raise AssertionError("more than one line") from error
        return None
    return frame, arrays


@settings(max_examples=600, deadline=None)
@given(EDITS)
def test_edits_are_found(edits):
    content = edited(edits)
    decoded = decode_or_none(content)
    assert (decoded is not None) == (content == CONTENT)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(CONTENT) - 1), st.binary(max_size=20))
def test_truncations_and_appendices_are_found(length, appendix):
    assert decode_or_none(CONTENT[:length]) is None
    if appendix:
        assert decode_or_none(CONTENT + appendix) is None


@settings(max_examples=1500, deadline=None)
@given(EDITS, st.integers(0, 40))
def test_liars_with_a_right_checksum_end_in_wire_errors(edits, cut):
    """Whatever does decode is consistent with itself: it encodes to the same bytes again."""
    body = bytearray(edited(edits)[: len(CONTENT) - 4 - cut])
    struct.pack_into("<I", body, 8, len(body) + 4)
    content = bytes(body) + struct.pack("<I", zlib.crc32(body))
    decoded = decode_or_none(content)
    if decoded is not None:
        frame, arrays = decoded
        assert encode_frame(frame) == content
        for tensor, array in zip(frame.tensors, arrays, strict=True):
            assert (array.shape, array.dtype.name) == (tensor.shape, tensor.dtype)
            if tensor.scheme == "affine":
                assert np.isfinite(array).all()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused(content):
    assert decode_or_none(content) is None
    assert decode_or_none(b"EVSF\x01\x00" + content) is None
