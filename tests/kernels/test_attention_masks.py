"""Attention masks on the wire: bit for bit at any code; NaN and plus infinity are refused as ever."""

import numpy as np
import pytest

from evosplit.kernels.attention_masks import encode_travelling, is_mask, travelling_code
from evosplit.kernels.codec import decode_tensor
from evosplit.shared.errors import InputError
from evosplit.shared.plan import TensorCode

MASK = np.triu(np.full((1, 16, 16), -np.inf, np.float32), 1)
CODES = [TensorCode(4, -1.0, 1.0), TensorCode(8), TensorCode(16, codec="none"), TensorCode(32)]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_mask_arrives_as_it_was(code: TensorCode, dtype: type) -> None:
    encoded = encode_travelling("mask", MASK.astype(dtype), code)
    assert encoded.scheme == "raw"
    assert (encoded.codec == "none") == (code.codec == "none")
    found = decode_tensor(encoded)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, MASK.astype(dtype))


@pytest.mark.parametrize("code", CODES)
def test_what_is_finite_travels_at_its_code(code: TensorCode) -> None:
    array = np.linspace(-1, 1, 256, dtype=np.float32)
    assert encode_travelling("x", array, code).bits == code.bits
    assert travelling_code(array, code) == code


@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf])
def test_the_rest_is_refused(bad: float) -> None:
    array = MASK.copy()
    array[0, 0, 0] = bad
    assert not is_mask(array)
    with pytest.raises(InputError, match="'mask': NaN or infinity"):
        encode_travelling("mask", array, TensorCode(8))
