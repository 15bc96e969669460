"""Weight packing: codes over ranges that integer kernels can run as they are.

Integer convolutions are fast where zero has the same code in every channel. Codes of up to 7 bits, less their
zero point, always fit into int8, so they span each channel's own range. Codes of 8 bits do not, so they span
a range that is symmetric around zero: code 128 is zero, 1 to 255 stand for -127 to 127 scales.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.affine import Floats
from evosplit.kernels.codec import encode_tensor
from evosplit.kernels.quantise import fake_quantise, value_range
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.wire import EncodedTensor

SYMMETRIC_BITS: Final = 8
_LEAST_OVER_GREATEST: Final = -(2 ** (SYMMETRIC_BITS - 1)) / (2 ** (SYMMETRIC_BITS - 1) - 1)

Range = tuple[NDArray[np.floating], NDArray[np.floating]]


def weight_range(array: NDArray[np.generic], bits: int, axis: int | None = 0) -> Range:
    """``(low, high)`` that the codes span, (channels,) each; one channel without axis."""
    low, high = value_range(array, axis)
    if bits != SYMMETRIC_BITS:
        return low, high
    reach = np.maximum(-low, high).astype(np.float64)
    return _LEAST_OVER_GREATEST * reach, reach


def fake_quantise_weights(array: NDArray[np.generic], bits: int, axis: int | None = 0) -> Floats:
    """What unpacking the packed weights would give: same shape, float32. Raises InputError for NaN."""
    low, high = weight_range(array, bits, axis)
    return fake_quantise(array, bits, low, high, axis)


def pack_weights(name: str, array: NDArray[np.generic], bits: int) -> EncodedTensor:
    """Weights as bundles hold them: a scale per channel of axis 0; as they stand at 32 bits.

    Raises InputError for NaN or infinity, and for a bit-width that the format does not know.
    """
    if bits == FLOAT_BITS:
        return encode_tensor(name, array, TensorCode(bits))
    return encode_tensor(name, array, TensorCode(bits), 0, weight_range(array, bits))
