"""Payload layout of an entropy-coded tensor: a short head, the states, the words.

======  ==================================================
bytes   field
======  ==================================================
1       centre: the code that distances are counted from
1       tokens that occur: the largest one plus 1
1       shift: distances in contexts are divided by 2**shift
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
from evosplit.kernels.entropy_coding.contexts import CONTEXTS
from evosplit.kernels.entropy_coding.decode import decode_words
from evosplit.kernels.entropy_coding.encode import choose_cells, code_backwards
from evosplit.kernels.entropy_coding.layout import layout_of
from evosplit.kernels.entropy_coding.model import SCALE_BITS, assumed_counts
from evosplit.kernels.entropy_coding.rans import LEAST_STATE, words_of
from evosplit.kernels.entropy_coding.statistics import centre_of, histogram_of, shift_of
from evosplit.kernels.entropy_coding.tokens import TABLE, TOKENS, most_tokens, near_of, numbers_of
from evosplit.shared.errors import WireError
from evosplit.shared.wire.frame import MAX_CODED, MAX_CODED_BITS

_HEAD_BYTES: Final = 3


def encode_codes(codes: NDArray[Any], shape: Sequence[int], bits: int, limit_bytes: int) -> bytes | None:
    """The payload of (elements,) uint8 ``codes`` below 2**bits; None where that is not below the limit."""
    if bits > MAX_CODED_BITS or not 0 < codes.size <= MAX_CODED:
        return None
    layout, histogram = layout_of(shape), histogram_of(codes)
    centre = centre_of(histogram)
    shift = shift_of(histogram, centre)
    counts, tokens = assumed_counts(centre, bits, shift).copy(), most_tokens(histogram, bits)
    entries, numbers = scratch.entries(codes.size)
    states, words = np.empty(layout.lanes, np.uint32), np.empty(max(limit_bytes // 2, 0), np.uint16)
    numbers_by_code, near = numbers_of(bits), near_of(centre, bits, shift)
    choose_cells(
        *(
            codes,
            *layout,
            tokens,
            centre,
            numbers_by_code.number,
            numbers_by_code.token,
            near,
            counts,
            CONTEXTS,
            entries,
            numbers,
        )
    )
    first = code_backwards(numbers, entries, layout.planes, layout.rows * layout.cols, states, words)
    if first < 0:
        return None
    head = bytes((centre, tokens, shift))
    payload = head + states.astype("<u4").tobytes() + words[first:].astype("<u2").tobytes()
    return payload if len(payload) < limit_bytes else None


def decode_codes(payload: bytes | memoryview, shape: Sequence[int], bits: int) -> NDArray[np.uint8]:
    """The codes, (elements,) uint8. Raises WireError for a payload that lies; the shape is the caller's."""
    layout = layout_of(shape)
    size, border = layout.planes * layout.rows * layout.cols, _HEAD_BYTES + 4 * layout.lanes
    fits = 0 < size <= MAX_CODED and bits <= MAX_CODED_BITS and border <= len(payload)
    if not fits or (len(payload) - border) % 2:
        raise WireError(f"{len(payload)} bytes of entropy coding for {size} codes of {bits} bits")
    centre, tokens, shift = payload[:_HEAD_BYTES]
    if centre >= 2**bits or not 0 < tokens <= TOKENS or shift > MAX_CODED_BITS:
        raise WireError(f"entropy coding around {centre}, {tokens} tokens, shift {shift}, is out of range")
    states = np.frombuffer(payload[_HEAD_BYTES:border], "<u4").astype(np.uint32)
    if states.min() < LEAST_STATE:
        raise WireError("a state of entropy coding is out of range")
    words = words_of(payload[border:])
    counts = assumed_counts(centre, bits, shift).copy()
    codes = np.empty(size, np.uint8)
    slots = scratch.slots(CONTEXTS << SCALE_BITS)
    is_even = decode_words(
        words,
        states,
        layout.planes,
        layout.rows,
        layout.cols,
        tokens,
        centre,
        numbers_of(bits).code,
        near_of(centre, bits, shift),
        TABLE.first,
        TABLE.extra_bits,
        counts,
        CONTEXTS,
        slots,
        codes,
    )
    if not is_even:
        raise WireError("entropy coding that does not come out even")
    return codes
