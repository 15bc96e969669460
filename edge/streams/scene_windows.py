"""Windows of moving cameras: where a stream's pictures show their scene, nudged to the lattice of its head.

Activations of stride s can be kept where the network's input moved by a multiple of s. So the part of a
picture that is scaled to the input is nudged, by s / 2 pixels of the input at most, until it has.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from evosplit.edge.streams.registration import Shift, halved, reference_of
from evosplit.edge.streams.stream_ends import MOST_STREAMS
from evosplit.shared.card.schema import Card
from evosplit.shared.input_picture import Picture, PictureContent, Pixels, read_picture
from evosplit.shared.lru import Lru
from evosplit.shared.resize import place

RESTLESS: Final = 1 / 3
"""Share of changed blocks from which on a shift is looked for: a still camera pays nothing."""
STARTS: Final = 0.4
"""Pixels of the input a frame: a camera that stood still and moves less is taken to stand still."""
STOPS: Final = 0.2
"""Of one that moved."""
NEAR: Final = 0.35
"""Pixels off the lattice that cost next to nothing; beyond them a picture is scaled once more."""
_FINEST: Final = 64
"""A nudge is a multiple of so small a part of a pixel: then no sum of it is rounded."""
_SLACK: Final = 1.0
"""Pixels by which a nudge may be over s / 2 before the window moves on."""
_LEVELS: Final = 8
_SPARSE: Final = 3

Pair: TypeAlias = tuple[int, int]
_Part: TypeAlias = tuple[slice, slice]
_Reader: TypeAlias = Callable[[Shift], Picture]
"""Scales a picture whose window is nudged by so many pixels of the input (rows, columns)."""


@dataclass(frozen=True, eq=False)
class _View:
    """Of the last ``picture`` of a stream: it shows the scene at ``place``, taken to be ``picture.window``.

    ``speed`` is by how much the camera moved since the frame before. ``spacing`` is the head's, if it
    has any.
    """

    picture: Picture
    place: Shift = (0.0, 0.0)
    speed: Shift = (0.0, 0.0)
    spacing: int | None = None
    is_restless: bool = False


class SceneWindows:
    """Follows the cameras of named streams; all of it belongs to the thread that computes."""

    def __init__(self) -> None:
        self._views: Lru[str, _View] = Lru(MOST_STREAMS)

    def read(self, card: Card, stream: str, content: PictureContent) -> Picture:
        """The next picture of a stream, in its window. Raises as `read_picture`."""
        view = self._views.get(stream)
        reader: _Reader = functools.partial(_nudged, card, content)
        if view is None:
            after = _View(_at(reader((0.0, 0.0)), (0, 0)))
        elif view.spacing is None or not view.is_restless:
            after = _stayed(view, reader)
        else:
            part = _shown(card, view.picture, view.spacing)
            after = _followed(view, view.spacing, part, reader) or _stayed(view, reader)
        self._views.put(stream, after, 1)
        return after.picture

    def learn(self, stream: str, spacing: int | None, changed: float) -> None:
        """What a head made of the last picture: the share of blocks ``changed``, and its ``spacing``."""
        view = self._views.get(stream)
        if view is not None:
            is_first = view.spacing is None and spacing is not None  # then all is new, and nothing moved
            is_restless = any(view.speed) or (changed > RESTLESS and not is_first)
            self._views.put(stream, replace(view, spacing=spacing, is_restless=is_restless), 1)

    def forget(self, stream: str) -> None:
        """Its next picture is its first."""
        self._views.pop(stream)


def _nudged(card: Card, content: PictureContent, nudge: Shift) -> Picture:
    return read_picture(card, content, nudge=nudge)


def _at(picture: Picture, window: Pair) -> Picture:
    return replace(picture, window=window)


def _stayed(view: _View, reader: _Reader) -> _View:
    """The camera is taken to look where it did."""
    before = view.picture
    return replace(view, picture=_at(reader(before.nudge), before.window or (0, 0)), speed=(0.0, 0.0))


def _followed(view: _View, spacing: int, part: _Part, reader: _Reader) -> _View | None:
    """Of what ``part`` of the input shows; None where no shift makes the pictures more alike."""
    before = view.picture
    expected = _sum(view.place, _gap(view.speed, before.nudge))
    window, nudge = _aimed(expected, spacing, before)
    picture = reader(nudge)
    shift = reference_of(halved(before.pixels[part])).shift(
        halved(picture.pixels[part]), _gap(window, view.place)
    )
    if shift is None:
        return None
    least = STOPS if any(view.speed) else STARTS
    speed = _beyond(least, _gap(shift, _gap(nudge, before.nudge)))
    bare = _sum(view.place, _gap(speed, before.nudge))  # where the picture shows the scene without a nudge
    if max(map(abs, _gap(_sum(bare, nudge), window))) > NEAR:
        window, nudge = _aimed(bare, spacing, before)
        picture = reader(nudge)
    here = before.window or (0, 0)
    moved = (window[0] - here[0], window[1] - here[1])
    if any(moved) and not _is_nearer(before.pixels[part], picture.pixels[part], moved):
        return None
    return replace(view, picture=_at(picture, window), place=_sum(bare, nudge), speed=speed)


def _aimed(bare: Shift, spacing: int, before: Picture) -> tuple[Pair, Shift]:
    """The window on the lattice for a picture that shows its scene at ``bare``, and the nudge to it."""
    here = before.window or (0, 0)
    top, down = _aimed_axis(bare[0], spacing, here[0])
    left, across = _aimed_axis(bare[1], spacing, here[1])
    return (top, left), (down, across)


def _aimed_axis(bare: float, spacing: int, here: int) -> tuple[int, float]:
    window = here if abs(here - bare) <= spacing / 2 + _SLACK else spacing * round(bare / spacing)
    return window, round((window - bare) * _FINEST) / _FINEST


def _shown(card: Card, picture: Picture, spacing: int) -> _Part:
    """Rows and columns of the input that show the picture, whatever its nudge."""
    size = (int(picture.pixels.shape[0]), int(picture.pixels.shape[1]))
    seen, margin = place(card.input.resize, picture.original, size).seen(size), spacing // 2 + int(_SLACK) + 1
    if seen is None:
        return slice(0, 0), slice(0, 0)
    return (
        slice(seen.to_top + margin, seen.to_top + seen.height - margin),
        slice(seen.to_left + margin, seen.to_left + seen.width - margin),
    )


def _is_nearer(before: Pixels, now: Pixels, moved: Pair) -> bool:
    """Whether less differs once the picture before is moved."""
    return _differing(before, now, moved) < _differing(before, now, (0, 0))


def _differing(before: Pixels, now: Pixels, moved: Pair) -> float:
    """Share of the pixels that both show, of one colour and some of them."""
    first, second = before[:, :, 1].astype(np.int16), now[:, :, 1].astype(np.int16)
    for by in moved:  # rows, then columns
        rest = max(len(first) - abs(by), 0)
        first, second = first[max(by, 0) :][:rest].T, second[max(-by, 0) :][:rest].T
    first, second = first[::_SPARSE, ::_SPARSE], second[::_SPARSE, ::_SPARSE]
    return float((np.abs(first - second) > _LEVELS).mean()) if first.size else 1.0


def _beyond(least: float, speed: Shift) -> Shift:
    rows, columns = (side if abs(side) >= least else 0.0 for side in speed)
    return rows, columns


def _sum(first: Shift, second: Shift) -> Shift:
    return first[0] + second[0], first[1] + second[1]


def _gap(first: Shift, second: Shift) -> Shift:
    return first[0] - second[0], first[1] - second[1]
