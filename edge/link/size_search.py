"""Search for the finest approximation whose frame fits a budget, by expected sizes: mostly two encodings.

What a coder makes of the expected bytes is a factor that is much the same for neighbouring steps, and for
frames that follow each other. So the first guess is near, and with what it took the next one is nearly sure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
_ENCODINGS: Final = 2
"""A finer step is tried as long as there were fewer, beyond what is needed to fit at all ..."""
_WIDE_GAP: Final = 3
"""... and once more where so many steps or more lie between what fits and what does not."""
_CAUTION: Final = 1.03
"""After a step that did not fit, sizes are taken to be by so much larger than expected ..."""
_MISTRUST: Final = 2.0
"""... and by the power of this after each further one."""


@dataclass(frozen=True)
class Fit(Generic[T]):
    """``made`` is what fits, None where not even the coarsest does; ``factor``: bytes over expected ones."""

    made: T | None
    factor: float


def finest_fit(
    make: Callable[[int], T],
    size_of: Callable[[T], int],
    expected: NDArray[np.float64],
    limit_bytes: int,
    factor: float = 1.0,
) -> Fit[T]:
    """What ``make(number)`` gives for the finest step that is found to take at most ``limit_bytes``.

    ``expected`` are the bytes of each step, (steps,), finest first; ``factor`` is what they were out by last.
    """
    best: T | None = None
    low, high, tries, caution = 0, len(expected) - 1, 0, 1.0
    while low <= high and (best is None or tries < _ENCODINGS + (low > 0 and high - low >= _WIDE_GAP)):
        fits = expected[low : high + 1] * (factor * caution) <= limit_bytes
        if best is not None and not fits.any():
            break
        number = low + int(np.argmax(fits)) if fits.any() else high
        made = make(number)
        tries += 1
        factor = max(size_of(made), 1) / max(float(expected[number]), 1.0)
        if size_of(made) <= limit_bytes:
            best, high = made, number - 1
        else:
            low, caution = number + 1, _CAUTION if caution == 1.0 else caution**_MISTRUST
    return Fit(best, factor)
