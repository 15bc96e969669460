"""Classifier protocol: class probabilities from a feature vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Classifier(Protocol):
    """Says how likely each class is. A value: it never changes, and any thread may use it.

    ``kind`` and ``arrays`` are what `load_classifier` makes it of again; ``macs`` counts its
    multiply-accumulates for one vector.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102

    @property
    def macs(self) -> int: ...  # noqa: D102

    @property
    def classes(self) -> int: ...  # noqa: D102

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, classes) float32`, rows sum to 1, from `(n, d) float32`."""
        ...

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What to save."""
        ...
