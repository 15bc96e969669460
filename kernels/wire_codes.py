"""Quantiser of the entropy coder: codes rounded to nearest, or chosen for the bits they save."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.affine import Affine, Floats
from evosplit.kernels.entropy_coding.rate_distortion import economical_codes
from evosplit.kernels.quantise import flat_float32, quantise_codes
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.frame import MAX_CODED, MAX_CODED_BITS


def wire_codes(
    array: NDArray[np.generic], affine: Affine, code: TensorCode, axis: int | None = None
) -> NDArray[Any]:
    """The codes of ``array``, (elements,) uint8, or uint16 at 16 bits. NaN, inf: InputError.

    With ``code.lagrange_multiplier`` those of one zero point are moved towards it where that pays.
    """
    codes = quantise_codes(array, affine, code.bits, axis)
    multiplier, is_coded = code.lagrange_multiplier, code.bits <= MAX_CODED_BITS
    if multiplier is None or axis is not None or not is_coded or not 0 < codes.size <= MAX_CODED:
        return codes
    scaled = _scaled(array, affine)
    return economical_codes(scaled, int(affine.zeros[0]), codes, array.shape, code.bits, multiplier)


def _scaled(array: NDArray[np.generic], affine: Affine) -> Floats:
    """Values in steps; what is far outside of the codes' range may be infinite."""
    with np.errstate(over="ignore"):
        scaled: Floats = flat_float32(array) * affine.inverses[0]
    return scaled
