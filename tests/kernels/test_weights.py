import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.weights import fake_quantise_weights, pack_weights
from evosplit.shared.plan import TensorCode

ARRAYS = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=4, max_side=5),
    elements=st.floats(-1e6, 1e6, width=32),
)
BITS = (2, 3, 4, 5, 6, 7, 8)


@settings(deadline=None)
@given(ARRAYS, st.sampled_from(BITS))
def test_packed_weights_are_signed_bytes_around_zero(array: np.ndarray, bits: int) -> None:
    packed = pack_weights("w", array, bits)
    values = decode_tensor(packed)
    scales = np.array(packed.scales, np.float32).reshape(-1, *[1] * (array.ndim - 1))
    steps = np.rint(values / scales)
    assert (np.abs(steps) <= 127).all()
    np.testing.assert_array_equal((steps * scales).astype(np.float32), values)
    np.testing.assert_array_equal(values, fake_quantise_weights(array, bits))
    assert (np.abs(values - array) <= 0.51 * scales + 1e-30).all()


@settings(deadline=None)
@given(ARRAYS)
def test_below_eight_bits_the_codes_span_each_channels_own_range(array: np.ndarray) -> None:
    assert pack_weights("w", array, 4) == encode_tensor("w", array, TensorCode(4), 0)
    assert pack_weights("w", array, 32) == encode_tensor("w", array, TensorCode(32))


def test_eight_bits_take_as_many_bytes_as_before() -> None:
    array = np.random.default_rng(0).normal(size=(16, 8, 3, 3)).astype(np.float32)
    packed = pack_weights("w", array, 8)
    assert packed.packed_bytes == array.size
    assert set(packed.zero_points) == {128}
    scale = np.abs(array).max(axis=(1, 2, 3)) / 127
    assert packed.scales == pytest.approx(scale.tolist(), rel=1e-6)
