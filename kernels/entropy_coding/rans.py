"""Range asymmetric numeral coding (Duda 2013), 32-bit states and 16-bit words: what both directions share."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled

LEAST_STATE: Final = 1 << 16
"""A state lies from here to 2**32 - 1; one that falls below takes in a word of 16 bits."""

Scalar: TypeAlias = Any
"""A whole number inside a kernel, 64 bits there."""

_WORD_BITS: Final = 16


def words_of(payload: bytes | memoryview) -> NDArray[np.uint16]:
    """The words of a payload, and the zero that a receiver reads past their end."""
    return np.append(np.frombuffer(payload, "<u2"), np.uint16(0)).astype(np.uint16)


@compiled
def make_room(
    state: Scalar, frequency: Scalar, most_bits: Scalar, words: NDArray[np.uint16], place: Scalar
) -> tuple[Scalar, Scalar]:
    """Renormalisation of the sender: the state less its low word, which is written, if a token would not fit.

    A token of ``frequency`` in 2**(32 - ``most_bits``) fits where the state shifted by ``most_bits`` is
    below it. Words are written from the end on. Without a branch, which a processor could not foresee: the
    word is written in any case, so the caller leaves room for it, and stays if the place moves on.
    """
    words[np.uintp(place - 1)] = state & 65535
    is_full = np.int64(state >> most_bits >= frequency)
    return state >> (is_full * _WORD_BITS), place - is_full


@compiled
def take_word(state: Scalar, words: NDArray[np.uint16], place: Scalar) -> tuple[Scalar, Scalar]:
    """Renormalisation of the receiver: the state with the next word, if it is below `LEAST_STATE`.

    Past the end the last of ``words`` is read, the zero of `words_of`. Without a branch as well.
    """
    is_low = np.int64(state < LEAST_STATE)
    word = np.int64(words[np.uintp(min(place, words.size - 1))])
    return (state << (is_low * _WORD_BITS)) | (word & -is_low), place + is_low
