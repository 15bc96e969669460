"""Quantisation parameters of the plan as uint8 activations and int8 weights of ONNX Runtime."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.affine import choose_affine
from evosplit.kernels.codec import decode_tensor
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import EncodedTensor
from evosplit.shared.wire.frame import SMALLEST_SCALE

INTEGER_BITS: Final = 8
"""The widest code that a uint8 activation or an int8 weight holds."""

_REACH: Final = 127


@dataclass(frozen=True)
class ActivationCode:
    """A tensor as uint8 codes from 0 to ``top``: value = (code - zero) * scale, all in float32."""

    scale: np.float32
    zero: int
    top: int

    @property
    def low(self) -> float:
        """The value of code 0."""
        return -self.zero * float(self.scale)

    @property
    def high(self) -> float:
        """The value of the last code."""
        return (self.top - self.zero) * float(self.scale)


@dataclass(frozen=True, eq=False)
class WeightCodes:
    """Weights as int8 around zero: ``values`` of the tensor's shape, ``scales`` (channels,) along axis 0."""

    values: NDArray[np.int8]
    scales: NDArray[np.float32]


def activation_code(code: TensorCode) -> ActivationCode | None:
    """Scale and zero point as of `evosplit.kernels.quantise.fake_quantise`; None where none are fixed.

    That is above 8 bits, and for codes that span each frame's own range.
    """
    if code.bits > INTEGER_BITS or code.low is None or code.high is None:
        return None
    affine = choose_affine(code.low, code.high, code.bits)
    return ActivationCode(affine.scales[0], int(affine.zeros[0]), 2**code.bits - 1)


def weight_codes(tensor: EncodedTensor) -> WeightCodes | None:
    """Exactly the packed values, or None where int8 around zero cannot hold them.

    Up to 7 bits every ``code - zero_point`` fits; of 8 bits those do that `evosplit.kernels.weights` packed.
    Scales must be per channel of axis 0, or one for all. Few bits are spread over the whole of int8 by a
    power of two, which changes no weight: biases are rounded to the product of both scales, so finer is
    better. Not where that would leave the normal numbers, which do change.
    """
    if tensor.scheme != "affine" or tensor.bits > INTEGER_BITS or tensor.axis not in (0, None):
        return None
    scales = np.broadcast_to(np.array(tensor.scales, np.float32), tensor.shape[0])
    floats = decode_tensor(tensor).astype(np.float32, copy=False)
    steps = np.rint(floats / scales.reshape(-1, *[1] * (len(tensor.shape) - 1)))
    reach = np.abs(steps).max(initial=1.0)
    if reach > _REACH:
        return None
    finer = 2.0 ** math.floor(math.log2(_REACH / reach))
    if scales.min(initial=np.inf) / finer < SMALLEST_SCALE:
        finer = 1.0
    return WeightCodes((steps * finer).astype(np.int8), (scales / np.float32(finer)).astype(np.float32))
