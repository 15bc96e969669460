"""Reader of a tensor's likeliest answer: features and classifier together, in one compiled call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.hidden import HiddenClassifier
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.kernels.readout import MISFIT, read_features, read_maps


@dataclass(frozen=True, eq=False)
class Reader:
    """``classifier`` scores what ``features`` reads of a tensor."""

    features: FeatureSpec
    classifier: Classifier

    def best(self, tensor: NDArray[Any]) -> tuple[int, float]:
        """The likeliest class and its share; NaN where values are not finite. ``tensor`` has a batch of one.

        Raises ValueError for a tensor of another size than the classifier has learned.
        """
        classifier = self.classifier
        if not isinstance(classifier, HiddenClassifier):
            return self._slowly(tensor)
        if tensor.ndim == 4 and tensor.dtype == np.float32 and tensor.flags.c_contiguous:
            spec = self.features
            label, share = read_maps(tensor, spec.grid, spec.spread, spec.peak, classifier.layers)
        else:
            label, share = read_features(self.features.of(tensor), classifier.layers)
        if label == MISFIT:
            raise ValueError(f"a tensor {tensor.shape} is not what was learned from")
        return label, share

    def _slowly(self, tensor: NDArray[Any]) -> tuple[int, float]:
        features = self.features.of(tensor)
        if not np.isfinite(features).all():
            return 0, float("nan")
        scores = self.classifier.scores(features[None])[0]
        label = int(scores.argmax())
        return label, float(scores[label])
