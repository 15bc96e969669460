"""Number plate grammar: its alphabet, its patterns, and the slots a network reads it in.

A plate is six or seven symbols, Latin letters without I, O and Q (they look like 1 and 0) and digits, in one
of four patterns. A reader has `SLOTS` slots; each holds a symbol or `BLANK`; a short plate ends in blanks.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
DIGITS = "0123456789"
ALPHABET = DIGITS + LETTERS
BLANK = len(ALPHABET)
CLASSES = BLANK + 1
SLOTS = 7
PATTERNS = ("LLDDLLL", "LLLDDDD", "LLDDDD", "LDDDLL")

SYMBOLS = {"L": LETTERS, "D": DIGITS}
_GRAMMAR = re.compile("|".join("".join(f"[{SYMBOLS[kind]}]" for kind in pattern) for pattern in PATTERNS))


def random_plate(rng: np.random.Generator) -> str:
    """Draw a pattern, then each of its symbols, evenly."""
    pattern = PATTERNS[rng.integers(len(PATTERNS))]
    return "".join(SYMBOLS[kind][rng.integers(len(SYMBOLS[kind]))] for kind in pattern)


def is_plate(text: str) -> bool:
    """Say whether `text` follows one of the patterns; the empty string does not."""
    return _GRAMMAR.fullmatch(text) is not None


def to_slots(text: str) -> NDArray[np.int64]:
    """Turn a plate, or the empty string, into its classes: `(SLOTS,) int64`, blanks at the end."""
    if len(text) > SLOTS or any(symbol not in ALPHABET for symbol in text):
        raise ValueError(f"not a plate: {text!r}")
    slots = np.full(SLOTS, BLANK, np.int64)
    slots[: len(text)] = [ALPHABET.index(symbol) for symbol in text]
    return slots
