"""Payload layout of an entropy-coded delta: a short head, the states, the words.

======  ==================================================
bytes   field
======  ==================================================
1       tokens that occur: the largest one plus 1
4 s     states, uint32: 1 or 4, by the tensor's shape
2 w     words, uint16, to the end
======  ==================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding import scratch
from evosplit.kernels.entropy_coding.change_contexts import SCALES, assumed_changes
from evosplit.kernels.entropy_coding.change_kernels import (
    choose_change_cells,
    decode_changes_of,
    largest_number,
)
from evosplit.kernels.entropy_coding.change_layout import bands_of
from evosplit.kernels.entropy_coding.encode import code_backwards
from evosplit.kernels.entropy_coding.model import SCALE_BITS
from evosplit.kernels.entropy_coding.rans import LEAST_STATE, words_of
from evosplit.kernels.entropy_coding.tokens import TABLE, TOKENS, numbers_of
from evosplit.shared.errors import WireError
from evosplit.shared.wire.frame import MAX_CODED, MAX_CODED_BITS

_HEAD_BYTES: Final = 1


def encode_changes(
    base: NDArray[Any], codes: NDArray[Any], shape: Sequence[int], bits: int, limit_bytes: int
) -> bytes | None:
    """The payload of (elements,) uint8 ``codes`` given ``base``; None where that is not below the limit.

    Both are below 2**bits.
    """
    if bits > MAX_CODED_BITS or not 0 < codes.size <= MAX_CODED:
        return None
    planes, rows, cols, lanes = bands_of(shape)
    number_of = numbers_of(bits).number
    tokens = int(TABLE.token[largest_number(base, codes, number_of)]) + 1
    entries, numbers = scratch.entries(codes.size)
    states, words = np.empty(lanes, np.uint32), np.empty(max(limit_bytes // 2, 0), np.uint16)
    planar = base.reshape(planes, rows, cols), codes.reshape(planes, rows, cols)
    choose_change_cells(
        *(*planar, lanes, tokens, number_of, TABLE.token, assumed_changes().copy(), entries, numbers)
    )
    first = code_backwards(numbers, entries, lanes, codes.size // lanes, states, words)
    if first < 0:
        return None
    payload = bytes((tokens,)) + states.astype("<u4").tobytes() + words[first:].astype("<u2").tobytes()
    return payload if len(payload) < limit_bytes else None


def decode_changes(
    payload: bytes | memoryview, base: NDArray[Any], shape: Sequence[int], bits: int
) -> NDArray[np.uint8]:
    """The codes, (elements,) uint8. Raises WireError for a payload that lies.

    Base and shape are the caller's, and fit each other.
    """
    planes, rows, cols, lanes = bands_of(shape)
    size, border = planes * rows * cols, _HEAD_BYTES + 4 * lanes
    fits = 0 < size <= MAX_CODED and bits <= MAX_CODED_BITS and border <= len(payload)
    if not fits or (len(payload) - border) % 2:
        raise WireError(f"{len(payload)} bytes of entropy coding for {size} changes of {bits} bits")
    tokens = payload[0]
    if not 0 < tokens <= TOKENS:
        raise WireError(f"entropy coding of {tokens} tokens is out of range")
    states = np.frombuffer(payload[_HEAD_BYTES:border], "<u4").astype(np.uint32)
    if states.min() < LEAST_STATE:
        raise WireError("a state of entropy coding is out of range")
    words = words_of(payload[border:])
    codes, slots = np.empty(size, np.uint8), scratch.slots(SCALES << SCALE_BITS)
    tables = numbers_of(bits).code, TABLE.first, TABLE.extra_bits, assumed_changes().copy()
    if not decode_changes_of(words, states, base.reshape(planes, rows, cols), tokens, *tables, slots, codes):
        raise WireError("entropy coding that does not come out even")
    return codes
