"""Loading of classifiers from their saved arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.goodness import GoodnessClassifier, Layer
from evosplit.edge.hooks.classifiers.hidden import HiddenClassifier
from evosplit.edge.hooks.classifiers.linear import LinearClassifier
from evosplit.shared.errors import LearningError


def load_classifier(kind: str, arrays: Mapping[str, NDArray[Any]]) -> Classifier:
    """The classifier that gave ``kind`` and ``arrays``. Raises LearningError for what no classifier gives."""
    if kind not in _READERS:
        raise LearningError(f"there is no classifier of kind {kind!r}")
    if not all(_is_plain(name, array) for name, array in arrays.items()):
        raise LearningError(f"a classifier of kind {kind} holds values that are not finite float32")
    try:
        return _READERS[kind](arrays)
    except (KeyError, ValueError) as misfit:
        raise LearningError(f"a classifier of kind {kind} is not whole: {misfit}") from None


def _is_plain(name: str, array: NDArray[Any]) -> bool:
    wanted = np.int8 if name == "codes" else np.float32
    return array.dtype == wanted and bool(np.isfinite(array).all())


def _linear(arrays: Mapping[str, NDArray[Any]]) -> LinearClassifier:
    made = LinearClassifier(*(arrays[name] for name in ("mean", "scale", "weights", "bias")))
    width, classes = made.weights.shape
    _expect(made.mean.shape == made.scale.shape == (width,) and made.bias.shape == (classes,))
    return made


def _hidden(arrays: Mapping[str, NDArray[Any]]) -> HiddenClassifier:
    names = ("mean", "scale", "codes", "unit", "first_bias", "second", "second_bias")
    made = HiddenClassifier(*(arrays[name] for name in names))
    depth, width = made.codes.shape
    _expect(made.mean.shape == made.scale.shape == (depth,))
    _expect(made.unit.shape == made.first_bias.shape == (width,) and bool((made.unit > 0).all()))
    _expect(made.second.shape == (width, made.classes) and made.second_bias.shape == (made.classes,))
    return made


def _goodness(arrays: Mapping[str, NDArray[Any]]) -> GoodnessClassifier:
    count = sum(name.startswith("weights ") for name in arrays)
    layers = tuple(Layer(arrays[f"weights {i}"], arrays[f"embedding {i}"]) for i in range(count))
    made = GoodnessClassifier(arrays["mean"], arrays["scale"], layers, float(arrays["slope"][0]))
    _expect(count > 0 and made.mean.shape == made.scale.shape == (layers[0].weights.shape[1],))
    _expect(all(layer.embedding.shape == (made.classes, len(layer.weights)) for layer in layers))
    _expect(all(high.weights.shape[1] == len(low.weights) for low, high in pairwise(layers)))
    return made


def _expect(holds: bool) -> None:
    if not holds:
        raise ValueError("its arrays do not fit together")


_READERS: Final[Mapping[str, Callable[[Mapping[str, NDArray[Any]]], Classifier]]] = {
    "linear": _linear,
    "hidden": _hidden,
    "goodness": _goodness,
}
