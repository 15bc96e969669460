"""Linear classifier with a softmax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.softmax import softmax


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """softmax((x - mean) / scale @ weights + bias).

    ``mean`` and ``scale`` `(d,)`, ``weights`` `(d, classes)`, ``bias`` `(classes,)`, all float32.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    kind = "linear"

    @property
    def macs(self) -> int:
        """One per weight; the scale could be folded into them."""
        return int(self.weights.size)

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.weights.shape[1])

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, classes) float32` from `(n, d) float32`."""
        standard = ((features - self.mean) / self.scale).astype(np.float32, copy=False)
        return softmax(standard @ self.weights + self.bias)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What to save."""
        return {"mean": self.mean, "scale": self.scale, "weights": self.weights, "bias": self.bias}
