"""Frames of a stream within a budget of bytes: all of it, or the finest approximation that fits.

Codes keep their scale, so that later frames can build on these. A delta brings those blocks up to date that
are furthest off (`evosplit.edge.streams.partial_delta`), a key frame has codes that are multiples of some
number of steps away from zero (`evosplit.edge.streams.coarse_key`); the rest comes with the frames that
follow, as the budget allows. What is expected not to fit, or to be further off than another kind of frame,
is not encoded at all.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.link.size_search import finest_fit
from evosplit.edge.streams.code_epoch import Wire
from evosplit.edge.streams.delta_frames import Coded
from evosplit.kernels.nearer_codes import squared_distance
from evosplit.shared.wire import Frame, encode_frame, tensor_overhead_bytes
from evosplit.shared.wire.frame import RESTORATION_BYTES

_CLEARLY: Final = 1.3
"""What is expected to take so many times the budget is not even tried."""


@dataclass(frozen=True, eq=False)
class Fitting:
    """A frame's bytes, the codes that the receiver then has, and their squared distance from the true ones.

    ``factor``: bytes over expected ones in the last encoding, 0 where nothing was left out for a budget.
    """

    content: bytes
    codes: Coded
    noise: float
    factor: float = 0.0

    @property
    def is_full(self) -> bool:
        """Whether nothing was left out."""
        return self.factor == 0


@dataclass(frozen=True, eq=False)
class Outlook:
    """What is expected of a frame and its approximations, finest first, the whole frame at 0.

    ``size_bytes`` (steps,) leave out ``heads_bytes``, which all take; ``noise`` (steps,) is exact.
    """

    size_bytes: NDArray[np.float64]
    noise: NDArray[np.float64]
    heads_bytes: int

    def likely_noise(self, factor: float, limit_bytes: int, away: int) -> float:
        """That of the step so many behind the first that is expected to fit."""
        fits = self.size_bytes * factor <= limit_bytes - self.heads_bytes
        first = int(np.argmax(fits)) if fits.any() else fits.size - 1
        return float(self.noise[min(max(first + away, 0), fits.size - 1)])


class Way(Protocol):
    """One kind of frame: all of it, or an approximation by its number in the outlook."""

    @property
    def outlook(self) -> Outlook:
        """Not looked at without a budget."""
        ...

    @property
    def usual_factor(self) -> float:
        """Bytes over expected ones where no frame has shown them; 0: as the whole frame has them."""
        ...

    def whole(self) -> Fitting:
        """All of it."""
        ...

    def made(self, number: int) -> Fitting:
        """An approximation; the numbers begin with 1."""
        ...


def fitting(way: Way, limit_bytes: int | None, factor: float, most_noise: float = math.inf) -> Fitting | None:
    """The whole frame, or the finest approximation found that fits; None where none does.

    ``factor`` is that of the stream's last frame of this kind. What is sure to be further off than
    ``most_noise`` is not made: None.
    """
    whole = way.whole() if limit_bytes is None or not factor else None
    if limit_bytes is None or (whole is not None and len(whole.content) <= limit_bytes):
        return whole
    outlook, room_bytes = way.outlook, limit_bytes - way.outlook.heads_bytes
    if whole is None and outlook.size_bytes[0] * factor <= _CLEARLY * room_bytes:
        whole = way.whole()
        if len(whole.content) <= limit_bytes:
            return whole
    if whole is not None:
        shown = (len(whole.content) - outlook.heads_bytes) / max(float(outlook.size_bytes[0]), 1.0)
        factor = factor or way.usual_factor or shown
    if outlook.likely_noise(factor, limit_bytes, -1) > most_noise:
        return None
    expected = outlook.size_bytes[1:]
    fit = finest_fit(
        lambda number: way.made(number + 1),
        lambda each: len(each.content) - outlook.heads_bytes,
        expected,
        room_bytes,
        factor,
    )
    return None if fit.made is None else dataclasses.replace(fit.made, factor=fit.factor)


def heads_bytes(frame: Frame, wire: Wire, codes: Coded) -> int:
    """What a frame of these tensors takes beside their payloads."""
    bare = encode_frame(dataclasses.replace(frame, tensors=(), restorations=()))
    names = RESTORATION_BYTES * len(wire.transforms)
    heads = (
        tensor_overhead_bytes(each.name, len(each.shape), int(each.affine is not None)) for each in codes
    )
    return len(bare) + names + sum(heads)


def unrestored(frame: Frame, wire: Wire) -> Frame:
    """What restores codes in the cloud has learned from such as the plan's, not from some that are off.

    What undoes a transform holds for all.
    """
    return dataclasses.replace(frame, restorations=wire.transforms)


def noise_of(some: Coded, codes: Coded) -> float:
    """The squared distance of codes from the true ones, in steps."""
    return sum(squared_distance(*pair) for pair in zip(some, codes, strict=True))
