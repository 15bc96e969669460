"""Packing of codes of any width to dense bytes and back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.bitpack import GROUP, SLACK_BYTES, pack_words, unpack_words
from evosplit.shared.errors import WireError

_NOTHING: Final = np.empty(0, np.float32)


def pack(codes: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Dense bytes of (n,) uint8 codes, or uint16 at 16 bits: (ceil(n * bits / 8),) uint8."""
    if bits >= 8:
        return codes.view(np.uint8)
    groups = -(-codes.size // GROUP)
    padded = np.zeros(groups * GROUP, np.uint8)
    padded[: codes.size] = codes
    packed = np.empty(groups * bits + SLACK_BYTES, np.uint8)
    pack_words(padded, groups, bits, packed, 0, _NOTHING)
    return packed[: (codes.size * bits + 7) // 8]


def unpack(packed: NDArray[np.uint8], count: int, bits: int) -> NDArray[Any]:
    """The inverse, (count,) uint8 or uint16, writable. Raises WireError for bits behind the last code."""
    if bits >= 8:
        return packed.copy().view(np.uint8 if bits == 8 else np.dtype("<u2"))
    if count * bits % 8 and packed[-1] >> (count * bits % 8):
        raise WireError("bits are set behind the last code")
    groups = -(-count // GROUP)
    slack = np.zeros(groups * bits + SLACK_BYTES, np.uint8)
    slack[: packed.size] = packed
    codes = np.empty(groups * GROUP, np.uint8)
    unpack_words(slack, 0, groups, bits, codes, _NOTHING)
    return codes[:count]
