"""Decoded picture at the size that a network reads, all that is kept of it while its frame is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.schema import Card, Resize
from evosplit.shared.errors import CardError
from evosplit.shared.pictures import PlanarPicture, read_scaled
from evosplit.shared.pictures.read_file import Place
from evosplit.shared.preprocess import resize_picture
from evosplit.shared.resize import Placement, place

Pixels: TypeAlias = NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]
Shift: TypeAlias = tuple[float, float]
PictureContent: TypeAlias = bytes | Pixels | PlanarPicture
"""A picture file, or pixels (H, W, 3) uint8 RGB of any size, or the planes of a video's picture."""


@dataclass(frozen=True, eq=False)
class Picture:
    """``pixels`` (h, w, 3) uint8 RGB of the network's size; ``original``: the picture's own (height, width).

    ``fitted`` (h, w, 3) uint8 is scaled but neither cropped nor padded, where it was asked for. What it
    shows lies ``nudge`` (rows, columns) of the input's pixels further on. ``window``: where it shows the
    stream's scene, in whole pixels of the input; None: unknown.
    """

    pixels: Pixels
    original: Size
    fitted: Pixels | None = None
    nudge: Shift = (0.0, 0.0)
    window: tuple[int, int] | None = None

    @property
    def geometry(self) -> tuple[Size, Shift]:
        """What places boxes of the input in the picture: its own (height, width), and its nudge."""
        return self.original, self.nudge


def read_picture(
    card: Card, content: PictureContent, fitted: bool = False, nudge: Shift = (0.0, 0.0)
) -> Picture:
    """Of a file, of pixels or of planes; what is not ``fitted`` may be nudged by pixels of the input.

    Raises InputError as `evosplit.shared.pictures.decode_picture`, CardError without a size.
    """
    to_fit, to_size = _fitting(card), _sizing(card, nudge)
    if isinstance(content, np.ndarray) and not any(nudge):
        return picture_of(card, content, fitted)
    if not fitted:
        return Picture(*_scaled(content, card.input.resize, to_size), nudge=nudge)
    whole, original = _scaled(content, card.input.resize, to_fit)
    return Picture(sized_pixels(card, whole), original, whole)


def picture_of(card: Card, pixels: Pixels, fitted: bool = False) -> Picture:
    """From pixels (H, W, 3) uint8 RGB of any size. Raises CardError for a card without a size."""
    original = (int(pixels.shape[0]), int(pixels.shape[1]))
    whole = fitted_pixels(card, pixels) if fitted else None
    return Picture(sized_pixels(card, pixels if whole is None else whole), original, whole)


def sized_pixels(card: Card, pixels: Pixels) -> Pixels:
    """A picture (H, W, 3) uint8 RGB at the network's size. Raises CardError for a card without one."""
    return _resized(card, pixels, _sizing(card))


def fitted_pixels(card: Card, pixels: Pixels) -> Pixels:
    """A picture (H, W, 3) uint8 RGB scaled as the network's preprocessing does it, never enlarged; all of it.

    Raises CardError for a card without a size.
    """
    return _resized(card, pixels, _fitting(card))


def _scaled(content: PictureContent, resize: Resize, to: Place) -> tuple[Pixels, Size]:
    if isinstance(content, bytes):
        return read_scaled(content, resize, to)
    if isinstance(content, np.ndarray):
        original = (int(content.shape[0]), int(content.shape[1]))
        placement, size = to(original)
        return resize_picture(content, resize, placement, size), original
    placement, size = to(content.shape)
    return content.placed(resize, placement, size), content.shape


def _resized(card: Card, pixels: Pixels, placing: Place) -> Pixels:
    placement, size = placing((int(pixels.shape[0]), int(pixels.shape[1])))
    return resize_picture(pixels, card.input.resize, placement, size)


def _sizing(card: Card, nudge: Shift = (0.0, 0.0)) -> Place:
    size = _size(card)
    return lambda original: (place(card.input.resize, original, size, nudge), size)


def _fitting(card: Card) -> Place:
    size = _size(card)

    def fit(original: Size) -> tuple[Placement, Size]:
        scaled = place(card.input.resize, original, size).scaled
        kept = scaled if scaled[0] * scaled[1] < original[0] * original[1] else original
        return Placement(original, kept, (0, 0)), kept

    return fit


def _size(card: Card) -> Size:
    if card.input.size is None:
        raise CardError("the card does not say its input size")
    return card.input.size
