"""Predicted sizes are the sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.codec import encode_tensor, frame_bytes, predicted_wire_bytes
from evosplit.shared.graph import Tensor
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import Frame, encode_frame

FRAME_ID = "3f2b8c1e-7a90-4d52-9b1f-0c6a5e4d3b2a"
TENSORS = st.builds(
    Tensor,
    name=st.text(min_size=1, max_size=20).filter(lambda name: name.isprintable()),
    shape=st.lists(st.integers(1, 12), min_size=1, max_size=4).map(tuple),
    dtype=st.sampled_from(("float32", "float16", "float64", "int64", "uint8", "bool")),
)


def noise(tensor):
    """Values whose codes have no structure that zstd could use."""
    rng = np.random.default_rng(tensor.shape)
    if tensor.dtype == "bool":
        return rng.integers(0, 2, tensor.shape).astype(bool)
    if tensor.is_float:
        return rng.uniform(size=tensor.shape).astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    return rng.integers(limits.min, limits.max, tensor.shape, dtype=tensor.dtype, endpoint=True)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(TENSORS, st.sampled_from((2, 3, 4, 5, 6, 7, 8, 16, 32))), max_size=4),
    st.sampled_from((None, 0)),
    st.sampled_from(("12", "0", "xffffffffffff")),
)
def test_prediction_is_the_length_without_zstd_and_a_bound_with_it(pairs, axis, cut_key):
    unique = {tensor.name: (tensor, bits) for tensor, bits in pairs}
    encoded = tuple(
        encode_tensor(tensor.name, noise(tensor), TensorCode(bits), axis) for tensor, bits in unique.values()
    )
    content = encode_frame(Frame(FRAME_ID, "0" * 64, cut_key, encoded))
    predicted = frame_bytes(cut_key, unique.values(), len(FRAME_ID), axis)
    saved = sum(tensor.packed_bytes - len(tensor.payload) for tensor in encoded)
    assert predicted - saved == len(content)
    assert saved >= 0
    if all(tensor.codec == "none" for tensor in encoded):
        assert predicted == len(content)


@pytest.mark.parametrize(
    ("shape", "bits", "dtype", "expected"),
    [
        ((1, 3, 5), 3, "float32", 6),
        ((8,), 16, "float32", 16),
        ((8,), 32, "float32", 32),
        ((8,), 32, "float64", 64),
        ((8,), 2, "int64", 64),
        ((), 7, "float32", 1),
        ((0, 4), 7, "float32", 0),
    ],
)
def test_predicted_wire_bytes(shape, bits, dtype, expected):
    assert predicted_wire_bytes(shape, bits, dtype) == expected
