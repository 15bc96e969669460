"""Additive attention masks: minus infinity is a value there, and no affine code can hold it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.codec import encode_tensor
from evosplit.kernels.encoded_sizes import dtype_name, is_affine
from evosplit.kernels.quantise import value_range
from evosplit.shared.errors import InputError
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.wire import EncodedTensor


def is_mask(array: NDArray[np.generic]) -> bool:
    """Whether an array holds minus infinity and neither NaN nor plus infinity."""
    low, high = (float(end[0]) for end in value_range(array))
    return low == -math.inf and math.isfinite(high)


def travelling_code(array: NDArray[Any], code: TensorCode) -> TensorCode:
    """The code in which a tensor can travel: that of the plan, or as it stands for a mask."""
    if is_affine(dtype_name(array.dtype), code.bits) and is_mask(array):
        return TensorCode(FLOAT_BITS, codec=code.codec)
    return code


def encode_travelling(
    name: str, array: NDArray[Any], code: TensorCode, axis: int | None = None
) -> EncodedTensor:
    """As `evosplit.kernels.codec.encode_tensor`, but a mask travels as it stands whatever the code.

    Whether it is one is asked only of what cannot be quantised. Raises InputError for NaN and plus infinity.
    """
    try:
        return encode_tensor(name, array, code, axis)
    except InputError:
        fitting = travelling_code(array, code)
        if fitting == code:
            raise
    return encode_tensor(name, array, fitting)
