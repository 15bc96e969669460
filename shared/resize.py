"""Resize geometry of a picture in the network's input (stretch, fit, crop), and its inverse for boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.schema import Resize


@dataclass(frozen=True)
class Seen:
    """The part of a scaled picture that lies in the input: where it begins, its size, where it goes.

    It is of whole pixels of the input, and may begin within one of the scaled picture.
    """

    left: float
    top: float
    width: int
    height: int
    to_left: int
    to_top: int

    def shares(self, scaled: tuple[int, int]) -> tuple[float, float, float, float]:
        """Left, top, right and bottom as shares of the scaled picture's (height, width)."""
        height, width = scaled
        right, bottom = self.left + self.width, self.top + self.height
        return self.left / width, self.top / height, right / width, bottom / height


@dataclass(frozen=True)
class Placement:
    """The picture is scaled to ``scaled`` (height, width); its corner lands at ``offset`` (top, left).

    The offset is negative where a part is cut off, and has fractions where the picture was nudged.
    ``original`` is the picture's own (height, width).
    """

    original: tuple[int, int]
    scaled: tuple[int, int]
    offset: tuple[float, float]

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether the picture is the input of ``size`` (height, width) as it is."""
        return self.original == self.scaled == size and not any(self.offset)

    def seen(self, size: tuple[int, int]) -> Seen | None:
        """What is seen of the picture in an input of ``size`` (height, width); None for nothing."""
        to_top, to_left = (math.ceil(max(side, 0)) for side in self.offset)
        top, left = to_top - self.offset[0], to_left - self.offset[1]
        height = math.floor(min(self.scaled[0] - top, size[0] - to_top))
        width = math.floor(min(self.scaled[1] - left, size[1] - to_left))
        return Seen(left, top, width, height, to_left, to_top) if min(height, width) > 0 else None

    def to_original(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes ``(n, 4)`` (left, top, right, bottom) from pixels of the input to pixels of the picture."""
        height, width = self.original
        factor = np.asarray([width / self.scaled[1], height / self.scaled[0]] * 2, np.float32)
        offset = np.asarray([self.offset[1], self.offset[0]] * 2, np.float32)
        limits = np.asarray([width, height] * 2, np.float32)
        return np.asarray(np.clip((boxes - offset) * factor, 0, limits), np.float32)


def place(
    resize: Resize, original: tuple[int, int], size: tuple[int, int], nudge: tuple[float, float] = (0.0, 0.0)
) -> Placement:
    """How a picture of ``original`` (height, width) comes into an input of ``size`` (height, width).

    The input shows what lies ``nudge`` (rows, columns) of its pixels further on; beyond the picture it is
    filled as it is beside a picture that does not fill it.
    """
    placement = _placed(resize, original, size)
    if not any(nudge):
        return placement
    top, left = placement.offset
    return replace(placement, offset=(top - nudge[0], left - nudge[1]))


def _placed(resize: Resize, original: tuple[int, int], size: tuple[int, int]) -> Placement:
    if resize.kind == "stretch":
        return Placement(original, size, (0, 0))
    if resize.kind == "pad":
        ratio = min(size[0] / original[0], size[1] / original[1])
        fitted = (min(size[0], _scaled(original[0], ratio)), min(size[1], _scaled(original[1], ratio)))
        return Placement(original, fitted, (0, 0))
    ratio = (resize.shorter_side or min(size)) / min(original)
    scaled = (_scaled(original[0], ratio), _scaled(original[1], ratio))
    return Placement(original, scaled, (_half(size[0] - scaled[0]), _half(size[1] - scaled[1])))


def _scaled(side: int, ratio: float) -> int:
    return max(1, round(side * ratio))


def _half(spare: int) -> int:
    """Half of it towards zero, as torchvision's and OpenCV's centre crops do."""
    return spare // 2 if spare >= 0 else -(-spare // 2)
