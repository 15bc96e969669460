"""The compiled loops of deltas: which blocks of codes changed, by what, and putting that back.

Codes are flat unsigned arrays; block b holds codes ``b * block`` to ``(b + 1) * block``, the last one may be
short. Differences are taken modulo 2**bits, so that they fit the codes' own width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled

Codes = NDArray[Any]
Flags = NDArray[np.uint8]


@compiled
def settle(base: Codes, now: Codes, block: int, threshold: np.int32, settled: Codes) -> None:
    """``settled``: the codes of ``now``, the base's in blocks where all are at most ``threshold`` away."""
    for start in range(0, now.size, block):
        stop = min(start + block, now.size)
        furthest = np.int32(0)
        for i in range(start, stop):
            furthest = max(furthest, np.int32(abs(np.int32(now[i]) - np.int32(base[i]))))
        source = now if furthest > threshold else base
        for i in range(start, stop):
            settled[i] = source[i]


@compiled
def changed_blocks(base: Codes, now: Codes, block: int, changed: Flags) -> int:
    """Set ``changed``, one byte per block, where any code differs; the number of codes in those blocks."""
    found = 0
    for at in range(changed.size):
        start, stop = at * block, min((at + 1) * block, now.size)
        differs = 0
        for i in range(start, stop):
            differs |= now[i] ^ base[i]
        changed[at] = differs != 0
        found += (stop - start) if differs else 0
    return found


@compiled
def gather(base: Codes, now: Codes, block: int, top: int, changed: Flags, differences: Codes) -> None:
    """``differences`` of the changed blocks' codes, one block after the other."""
    done = 0
    for at in range(changed.size):
        if changed[at]:
            for i in range(at * block, min((at + 1) * block, now.size)):
                differences[done] = (int(now[i]) - int(base[i])) & top
                done += 1


@compiled
def scatter(codes: Codes, block: int, top: int, changed: Flags, differences: Codes) -> None:
    """Add the differences to ``codes``, which hold the base."""
    done = 0
    for at in range(changed.size):
        if changed[at]:
            for i in range(at * block, min((at + 1) * block, codes.size)):
                codes[i] = (int(codes[i]) + int(differences[done])) & top
                done += 1
