"""Thread-local working memory: fresh pages cost as much as the coding itself."""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
from numpy.typing import NDArray

KEPT: Final = 2**20
"""Entries of a tensor up to which they are kept (5 MiB)."""


class _Scratch(threading.local):
    def __init__(self) -> None:
        self.entries = np.empty(0, np.uint32)
        self.numbers = np.empty(0, np.uint8)
        self.slots = np.empty(0, np.uint8)


_scratch: Final = _Scratch()


def entries(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """``count`` uint32 and bytes with anything in them, until the next call of the thread."""
    if count > KEPT:
        return np.empty(count, np.uint32), np.empty(count, np.uint8)
    if _scratch.entries.size < count:
        _scratch.entries, _scratch.numbers = np.empty(count, np.uint32), np.empty(count, np.uint8)
    return _scratch.entries[:count], _scratch.numbers[:count]


def slots(count: int) -> NDArray[np.uint8]:
    """``count`` bytes with anything in them, until the next call of the thread."""
    if _scratch.slots.size != count:
        _scratch.slots = np.empty(count, np.uint8)
    return _scratch.slots
