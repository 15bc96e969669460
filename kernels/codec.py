"""Tensors to their wire form and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.plan import TensorCode
from shared.wire import EncodedTensor


def encode_tensor(
    name: str, array: NDArray[np.generic], code: TensorCode, axis: int | None = None
) -> EncodedTensor:
    """Quantise and pack. Raises InputError."""
    raise NotImplementedError


def decode_tensor(tensor: EncodedTensor) -> NDArray[np.generic]:
    """Unpack and dequantise. Raises WireError."""
    raise NotImplementedError
