"""Constrained decoding of plate logits: the most likely valid text, and its confidence."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from evosplit.cli.gate.plates import ALPHABET, BLANK, CLASSES, PATTERNS, SLOTS, SYMBOLS


def decode_plate(logits: NDArray[np.float32]) -> tuple[str, float]:
    """Read `(SLOTS, CLASSES)` logits: the likeliest text, a plate or empty, and its confidence, 0 to 1.

    The confidence is the least of the slots' probabilities: a plate is as sure as its least sure symbol.
    """
    logs = _log_softmax(logits)
    allowed = np.where(_readings(), logs, -np.inf)
    likeliest = allowed[allowed.max(axis=2).sum(axis=1).argmax()]
    text = "".join(ALPHABET[index] for index in likeliest.argmax(axis=1) if index != BLANK)
    return text, float(np.exp(likeliest.max(axis=1).min()))


@functools.cache
def _readings() -> NDArray[np.bool_]:
    """Which classes each reading allows in each slot: `(readings, SLOTS, CLASSES)`; the last is empty."""
    allowed = np.zeros((len(PATTERNS) + 1, SLOTS, CLASSES), np.bool_)
    for reading, pattern in enumerate((*PATTERNS, "")):
        for slot, kind in enumerate(pattern):
            allowed[reading, slot, [ALPHABET.index(symbol) for symbol in SYMBOLS[kind]]] = True
        allowed[reading, len(pattern) :, BLANK] = True
    return allowed


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = np.asarray(logits, np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float64)
