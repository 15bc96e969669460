"""Multi-layer perceptron with one hidden layer (ReLU) and a softmax, its first layer in 8 bits."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.softmax import softmax
from evosplit.kernels.readout import Layers

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HiddenClassifier:
    """softmax(relu((x - mean) / scale @ (codes * unit) + first_bias) @ second + second_bias).

    ``codes`` `(d, h)` are int8, the others float32: ``unit`` and ``first_bias`` `(h,)`, ``second``
    `(h, classes)`, ``second_bias`` `(classes,)`, ``mean`` and ``scale`` `(d,)`.
    """

    mean: Floats
    scale: Floats
    codes: NDArray[np.int8]
    unit: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats

    kind = "hidden"

    @property
    def macs(self) -> int:
        """One per weight; mean and scale are folded into them."""
        return int(self.codes.size + self.second.size)

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.second.shape[1])

    def scores(self, features: Floats) -> Floats:
        """`(n, classes) float32` from `(n, d) float32`."""
        inverse, codes, bias, second, second_bias = self.layers
        made = np.maximum(
            (features * inverse).astype(np.float32, copy=False) @ codes.astype(np.float32) + bias, 0
        )
        return softmax(made @ second + second_bias)

    @functools.cached_property
    def layers(self) -> Layers:
        """For features as they come: mean folded into the first bias, units into both layers' ends.

        Units are positive, so that relu lets them pass: relu(u y + b) = u relu(y + b / u).
        """
        inverse = np.float32(1) / self.scale
        bias = self.first_bias / self.unit - (self.mean * inverse) @ self.codes.astype(np.float32)
        second = np.ascontiguousarray(self.second * self.unit[:, None])
        return inverse, np.ascontiguousarray(self.codes), bias, second, self.second_bias

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What to save."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
