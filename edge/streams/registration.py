"""Image registration: how far a picture shows its scene further on than another one, to fractions of a pixel.

The peak of the phase correlation (Kuglin and Hines, 1975) gives the shift to a few pixels, least squares on
the gradients (Lucas and Kanade, 1981; those of the reference alone, as Baker and Matthews, 2004) the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey: TypeAlias = NDArray[np.float32]
Shift: TypeAlias = tuple[float, float]
"""Rows and columns, in pixels of the picture."""

HALF: Final = 2
_CELL: Final = 5
"""The steepest pixel of each such square has a say: what moves by itself often has the sharpest edges."""
_ROUNDS: Final = 4
_CLOSE_PIXELS: Final = 0.05
_GREEN: Final = 1
_NOISE_LEVELS: Final = 4.0
"""Of 255: slopes below say little."""
_FIT_PIXELS: Final = 0.25
"""So far off, a point has half a say."""
_FITS: Final = 0.5
"""Share of the steep points that agree on a shift that needs no other."""
_SINGULAR: Final = 0.02
"""Of the squared trace: where all edges run one way, the shift along them is not known."""


def halved(pixels: NDArray[np.uint8]) -> Grey:
    """Pixels (h, w, 3) uint8 RGB as a grey picture (h / 2, w / 2) float32: green, the most of brightness."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels[:, :, _GREEN])).reduce(HALF), np.float32)


@dataclass(frozen=True, eq=False)
class Reference:
    """A picture that others are compared with: where it is steepest, its values and slopes there.

    ``places`` and ``slopes`` are (n, 2), rows and columns of the halved picture ``grey``.
    """

    places: Grey
    slopes: Grey
    values: Grey
    grey: Grey

    def shift(self, now: Grey, guess: Shift) -> Shift | None:
        """How far the halved picture ``now`` is further on; None where that cannot be told.

        A good ``guess`` saves the correlation. Whether the scene is the same at all is for others to see.
        """
        fit = self._refined(now, (guess[0] / HALF, guess[1] / HALF))
        if fit is None or fit[0] < _FITS:
            fit = max((other for other in (fit, self._refined(now, self._peak(now))) if other), default=None)
        return None if fit is None else (fit[1][0] * HALF, fit[1][1] * HALF)

    def _peak(self, now: Grey) -> Shift:
        cross = _spectrum(self.grey) * _spectrum(now).conj()
        size = tuple(side // HALF for side in now.shape)
        peaks = np.fft.irfft2(cross / (np.abs(cross) + 1e-6 * np.abs(cross).max() + 1e-30), size)
        row, column = divmod(int(peaks.argmax()), size[1])
        return HALF * _signed(row, size[0]), HALF * _signed(column, size[1])

    def _refined(self, now: Grey, start: Shift) -> tuple[float, Shift] | None:
        """Gauss-Newton, and the share of points that fit; those that move by themselves have little say."""
        shift, off = np.array(start, np.float32), np.zeros(0, np.float32)
        for _ in range(_ROUNDS):
            places = self.places - shift
            inside = ((places >= 0) & (places < np.array(now.shape) - 1)).all(1)
            if np.count_nonzero(inside) < len(places) // 4 or not len(places):
                return None
            gap = _sampled(now, places[inside]) - self.values[inside]
            slopes = self.slopes[inside]
            steep = (slopes**2).sum(1) + _NOISE_LEVELS**2
            off = gap**2 / steep
            says = (1 / (1 + off / _FIT_PIXELS**2) / steep)[:, None] * slopes
            square = says.T @ slopes
            if np.linalg.det(square) <= _SINGULAR * np.trace(square) ** 2:
                return None
            change = np.clip(np.linalg.solve(square, says.T @ gap), -2, 2)
            shift = shift + change
            if np.abs(change).max() < _CLOSE_PIXELS:
                break
        return float((off < _FIT_PIXELS**2).mean()), (float(shift[0]), float(shift[1]))


def reference_of(grey: Grey) -> Reference:
    """Of a halved picture."""
    down, across = grey[2:, 1:-1] - grey[:-2, 1:-1], grey[1:-1, 2:] - grey[1:-1, :-2]
    rows, columns = (side // _CELL for side in down.shape)
    squares = (down * down + across * across)[: rows * _CELL, : columns * _CELL]
    cells = squares.reshape(rows, _CELL, columns, _CELL).transpose(0, 2, 1, 3)
    best = cells.reshape(rows, columns, _CELL * _CELL).argmax(2)
    y = (np.arange(rows)[:, None] * _CELL + best // _CELL).ravel()
    x = (np.arange(columns)[None] * _CELL + best % _CELL).ravel()
    places = np.stack([y + 1, x + 1], 1).astype(np.float32)
    slopes = np.stack([down[y, x], across[y, x]], 1).astype(np.float32) / np.float32(2)
    return Reference(places, slopes, grey[y + 1, x + 1], grey)


def _spectrum(grey: Grey) -> NDArray[np.complex128]:
    """Of the quarter, fading to its borders so that they are no edges."""
    rows, columns = (side // HALF for side in grey.shape)
    squares = grey[: rows * HALF, : columns * HALF].reshape(rows, HALF, columns, HALF).mean((1, 3))
    fading = np.hanning(rows)[:, None] * np.hanning(columns)[None]
    return np.asarray(np.fft.rfft2((squares - squares.mean()) * fading), np.complex128)


def _signed(place: int, side: int) -> float:
    return float(place - side if place > side // 2 else place)


def _sampled(grey: Grey, places: Grey) -> Grey:
    """Bilinear, at places that have a pixel behind them in both directions."""
    corner = places.astype(np.int32)
    down, across = (places - corner).T
    first = corner[:, 0] * grey.shape[1] + corner[:, 1]
    flat, below = grey.ravel(), first + grey.shape[1]
    upper = flat[first] * (1 - across) + flat[first + 1] * across
    lower = flat[below] * (1 - across) + flat[below + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)
