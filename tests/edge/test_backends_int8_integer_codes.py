import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evosplit.edge.backends.int8.integer_codes import activation_code, weight_codes
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.quantise import fake_quantise
from evosplit.kernels.weights import pack_weights
from evosplit.shared.plan import TensorCode

ARRAYS = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=4, max_side=4), elements=st.floats(-100, 100, width=32)
)


@settings(deadline=None)
@given(ARRAYS, st.integers(2, 8))
def test_every_packed_weight_becomes_the_same_number_of_bytes_around_zero(
    array: np.ndarray, bits: int
) -> None:
    packed = pack_weights("w", array, bits)
    codes = weight_codes(packed)
    assert codes is not None
    assert codes.values.dtype == np.int8
    scales = codes.scales.reshape(-1, *[1] * (array.ndim - 1))
    np.testing.assert_array_equal(codes.values * scales, decode_tensor(packed))
    is_tiny = codes.scales.min() < 2.0**-119  # as fine as a normal number can be
    assert is_tiny or not codes.values.any() or np.abs(codes.values.astype(int)).max() > 127 // 2


def test_what_bytes_around_zero_cannot_hold_stays_float() -> None:
    positive = np.linspace(0, 1, 512, dtype=np.float32).reshape(2, 256)
    assert weight_codes(encode_tensor("w", positive, TensorCode(8), 0)) is None
    assert weight_codes(encode_tensor("w", positive, TensorCode(8), 1)) is None
    assert weight_codes(encode_tensor("w", positive, TensorCode(16), 0)) is None
    assert weight_codes(encode_tensor("w", positive, TensorCode(32))) is None
    assert weight_codes(encode_tensor("w", positive, TensorCode(7))) is not None


@settings(deadline=None)
@given(st.floats(-50, 0, width=32), st.floats(0, 50, width=32), st.integers(2, 8))
def test_activation_codes_stand_for_the_values_of_the_simulation(low: float, high: float, bits: int) -> None:
    code = activation_code(TensorCode(bits, low, high))
    assert code is not None
    values = (np.arange(code.top + 1) - code.zero).astype(np.float32) * code.scale
    np.testing.assert_array_equal(fake_quantise(values, bits, low, high), values)
    assert 0 <= code.zero <= code.top == 2**bits - 1


def test_codes_without_a_fixed_range_or_of_many_bits_are_none() -> None:
    assert activation_code(TensorCode(8)) is None
    assert activation_code(TensorCode(16, 0.0, 1.0)) is None
    assert activation_code(TensorCode(32)) is None
