"""Rate control of a stream: the nearest delta, or key frame, that a budget of bytes allows.

Codes keep their scale, so that later frames can build on these. A delta brings those blocks up to date that
are furthest off, a key frame has codes that are multiples of some number of steps away from zero; the rest
comes with the frames that follow, as the budget allows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.edge.streams.code_epoch import Wire
from evosplit.edge.streams.delta_frames import Coded, delta_frame, key_frame
from evosplit.kernels.nearer_codes import furthest, multiples, squared_distance, with_blocks
from evosplit.shared.wire import Frame

_APART: Final = tuple(step << octave for octave in range(15) for step in (2, 3))
"""Steps that a key frame's codes may be apart, beside 1: two an octave."""
_SHARES: Final = tuple(2 ** (-half / 2) for half in range(1, 17))
"""Shares of the blocks that a delta may bring, beside all."""


@dataclass(frozen=True, eq=False)
class Fitting:
    """A frame's bytes, the codes that the receiver then has, and their squared distance from the true ones.

    ``is_full``: nothing was left out for a budget.
    """

    content: bytes
    codes: Coded
    noise: float
    is_full: bool


def fitting_delta(
    frame: Frame, wire: Wire, base: Coded, codes: Coded, threshold: int, limit_bytes: int | None
) -> Fitting | None:
    """The delta with ``threshold``, or of as many of the blocks furthest off as fit; None where none do."""
    content, settled = delta_frame(frame, wire, base, codes, threshold)
    if limit_bytes is None or len(content) <= limit_bytes:
        return Fitting(content, settled, _noise(settled, codes), is_full=True)
    block, plain = 0 if frame.stream is None else frame.stream.block, _unrestored(frame)
    far = [furthest(before, now, block) for before, now in zip(base, codes, strict=True)]
    ranked = np.argsort(-np.concatenate(far), kind="stable")
    ends = np.cumsum([len(blocks) for blocks in far])[:-1]

    def made(share: float) -> Fitting:
        chosen = np.zeros(len(ranked), np.bool_)
        chosen[ranked[: int(share * len(ranked))]] = True
        each = zip(base, codes, np.split(chosen, ends), strict=True)
        some = tuple(with_blocks(before, now, blocks, block) for before, now, blocks in each)
        return Fitting(delta_frame(plain, wire, base, some, 0)[0], some, _noise(some, codes), is_full=False)

    return _finest(made, _SHARES, limit_bytes)


def fitting_key(frame: Frame, wire: Wire, codes: Coded, limit_bytes: int | None) -> Fitting | None:
    """The key frame of all codes as they are, or of the least coarse ones that fit; None where none do."""
    content = key_frame(frame, wire, codes)
    if limit_bytes is None or len(content) <= limit_bytes:
        return Fitting(content, codes, 0.0, is_full=True)
    # Contexts make little of codes with gaps between them.
    usual = dataclasses.replace(
        wire, codes=tuple((name, dataclasses.replace(code, codec=None)) for name, code in wire.codes)
    )

    def made(apart: float) -> Fitting:
        coarse = tuple(multiples(each, int(apart)) for each in codes)
        content = min((key_frame(_unrestored(frame), each, coarse) for each in (wire, usual)), key=len)
        return Fitting(content, coarse, _noise(coarse, codes), is_full=False)

    return _finest(made, _APART, limit_bytes)


def _finest(make: Callable[[float], Fitting], steps: Sequence[float], limit_bytes: int) -> Fitting | None:
    """The first of ``steps`` that fits, as far as frames get shorter with them: by bisection."""
    best: Fitting | None = None
    low, high = 0, len(steps) - 1
    while low <= high:
        middle = (low + high) // 2
        tried = make(steps[middle])
        if len(tried.content) <= limit_bytes:
            best, high = tried, middle - 1
        else:
            low = middle + 1
    return best


def _unrestored(frame: Frame) -> Frame:
    """What restores codes in the cloud has learned from such as the plan's, not from some that are off."""
    return dataclasses.replace(frame, restorations=())


def _noise(some: Coded, codes: Coded) -> float:
    return sum(squared_distance(*pair) for pair in zip(some, codes, strict=True))
