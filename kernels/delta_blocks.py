"""Compiled loops of delta encoding: which blocks of codes changed, by what, and their restoration.

Codes are flat unsigned arrays of 8 or 16 bits; block b holds codes ``b * block`` to ``(b + 1) * block``.
Differences are taken modulo 2**bits, so that they fit the codes' own width. Arithmetic goes straight over
whole arrays, which LLVM turns into vectors; what depends on a block moves 64-bit words, since a block is
whole words at any width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.word_access import load_word, store_word

Codes = NDArray[Any]
Bytes = NDArray[np.uint8]


@compiled
def mark_far(base: Codes, now: Codes, threshold: np.int32, far: Bytes) -> None:
    """1 for each code that is more than ``threshold`` away from the base's, else 0."""
    for i in range(now.size):
        far[i] = abs(np.int32(now[i]) - np.int32(base[i])) > threshold


@compiled
def any_in_blocks(far: Bytes, block: int, changed: Bytes) -> None:
    """1 for each block in which anything is marked; ``far`` is whole blocks."""
    for index in range(changed.size):
        marks = np.uint64(0)
        for start in range(index * block, (index + 1) * block, 8):
            marks |= load_word(far, start)
        changed[index] = marks != np.uint64(0)


@compiled
def subtract(base: Codes, now: Codes, top: np.int32, differences: Codes) -> None:
    """``now - base``, modulo ``top + 1``."""
    for i in range(now.size):
        differences[i] = (np.int32(now[i]) - np.int32(base[i])) & top


@compiled
def add(base: Codes, differences: Codes, top: np.int32, codes: Codes) -> None:
    """``base + differences``, modulo ``top + 1``."""
    for i in range(base.size):
        codes[i] = (np.int32(base[i]) + np.int32(differences[i])) & top


@compiled
def take(content: Bytes, block_bytes: int, changed: Bytes, taken: Bytes) -> None:
    """The changed blocks of ``content``, one after the other."""
    done = 0
    for index in range(changed.size):
        if changed[index]:
            for start in range(index * block_bytes, (index + 1) * block_bytes, 8):
                store_word(taken, done, load_word(content, start))
                done += 8


@compiled
def put(taken: Bytes, block_bytes: int, changed: Bytes, content: Bytes) -> None:
    """The inverse: changed blocks to their places in ``content``, whose other blocks stay."""
    done = 0
    for index in range(changed.size):
        if changed[index]:
            for start in range(index * block_bytes, (index + 1) * block_bytes, 8):
                store_word(content, start, load_word(taken, done))
                done += 8
