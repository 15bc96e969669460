"""Adam (Kingma and Ba 2015) over a few arrays."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_FIRST: Final = 0.9
_SECOND: Final = 0.999
_LEAST: Final = 1e-8


class Adam:
    """Holds arrays and moves them against their gradients."""

    def __init__(self, *arrays: NDArray[np.float32]) -> None:
        self._arrays = arrays
        self._means = [np.zeros_like(array) for array in arrays]
        self._squares = [np.zeros_like(array) for array in arrays]
        self._steps = 0

    def step(
        self, gradients: tuple[NDArray[np.float32], ...], rate: float
    ) -> tuple[NDArray[np.float32], ...]:
        """The arrays after one step; earlier ones stay as they were."""
        self._steps += 1
        fair = rate * (1 - _SECOND**self._steps) ** 0.5 / (1 - _FIRST**self._steps)
        for mean, square, gradient in zip(self._means, self._squares, gradients, strict=True):
            mean += (1 - _FIRST) * (gradient - mean)
            square += (1 - _SECOND) * (gradient * gradient - square)
        moments = zip(self._arrays, self._means, self._squares, strict=True)
        self._arrays = tuple(_moved(array, mean, square, fair) for array, mean, square in moments)
        return self._arrays


def _moved(
    array: NDArray[np.float32], mean: NDArray[np.float32], square: NDArray[np.float32], rate: float
) -> NDArray[np.float32]:
    return np.asarray(array - np.float32(rate) * mean / (np.sqrt(square) + np.float32(_LEAST)))
