"""Goodness classifier: layers that score how well features and an answer go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.softmax import softmax

_ROWS: Final = 256
"""Features whose every answer is tried at once: what that takes stays small."""


@dataclass(frozen=True, eq=False)
class Layer:
    """z = W x with x = [input, answer]: ``weights`` `(h, d)` for the input, ``embedding`` `(classes, h)`.

    An answer enters as one of ``classes`` units, so that its part of W x is a row of ``embedding``.
    """

    weights: NDArray[np.float32]
    embedding: NDArray[np.float32]

    def all(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Z with every answer: `(n, classes, h)` from `(n, 1 or classes, d)`."""
        made: NDArray[np.float32] = inputs @ self.weights.T + self.embedding
        return made

    def one(self, inputs: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Z `(n, h)` from `(n, d)` and one answer each `(n,)`."""
        made: NDArray[np.float32] = inputs @ self.weights.T + self.embedding[labels]
        return made


def goodness(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """G = ||z||^2 over the last axis."""
    return np.asarray(np.einsum("...i,...i->...", z, z))


def passed_on(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """The next layer's input: what is positive, at length 1: it does not carry this layer's goodness."""
    positive = np.maximum(z, 0)
    return np.asarray(positive / np.sqrt(goodness(positive) + 1e-8)[..., None])


@dataclass(frozen=True, eq=False)
class GoodnessClassifier:
    """softmax over the answers of ``slope`` times the summed goodness of the layers.

    ``mean`` and ``scale`` `(d,)` standardise the features.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    layers: tuple[Layer, ...]
    slope: float

    kind = "goodness"

    @property
    def macs(self) -> int:
        """The first layer's input is the same for every answer; the rest is done for each of them."""
        first = int(self.layers[0].weights.size)
        later = sum(int(layer.weights.size) for layer in self.layers[1:])
        norms = sum(int(layer.embedding.size) for layer in self.layers)
        return first + self.classes * later + norms

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.layers[0].embedding)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(n, classes) float32` from `(n, d) float32`."""
        return softmax(np.float32(self.slope) * self.total(features))

    def total(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The summed goodness `(n, classes)`."""
        parts = [
            self._total(features[start : start + _ROWS]) for start in range(0, max(1, len(features)), _ROWS)
        ]
        return np.concatenate(parts)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What to save."""
        layers = {f"weights {i}": layer.weights for i, layer in enumerate(self.layers)}
        layers |= {f"embedding {i}": layer.embedding for i, layer in enumerate(self.layers)}
        return {
            "mean": self.mean,
            "scale": self.scale,
            "slope": np.asarray([self.slope], np.float32),
            **layers,
        }

    def _total(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        inputs = ((features - self.mean) / self.scale)[:, None, :]
        total = np.zeros((len(features), self.classes), np.float32)
        for layer in self.layers:
            z = layer.all(inputs)
            total += goodness(z)
            inputs = passed_on(z)
        return total
