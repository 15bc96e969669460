"""Adaptive bit-width hook: a boundary tensor in fewer bits where the answer does not need more."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.load import load_classifier
from evosplit.edge.hooks.decisions import GO, Bits, Decision
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import SavedHook

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BitsHook:
    """Chooses the fewest of ``widths`` bits that are likely to be enough for boundary tensor ``tap``.

    ``widths`` ascend and end in the plan's. ``classifier`` says from pooled statistics of the tensor which of
    them is the first that the answer survives; the shares of a width and of all below it add up to how likely
    it is enough, which must reach the width's entry in ``thresholds``, `(widths - 1,)`, above 1 for never.
    """

    name: str
    tap: str
    features: FeatureSpec
    classifier: Classifier
    widths: tuple[int, ...]
    thresholds: tuple[float, ...]
    kind: ClassVar[str] = "bits"

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the classifier."""
        return self.classifier.macs

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Bits`, or `Go` for the plan's. Values that are not finite go on."""
        del stream
        features = self.features.of(tensor)
        if not np.isfinite(features).all():
            return GO
        enough = np.cumsum(self.classifier.scores(features[None])[0])
        for width, share, least in zip(self.widths, enough, self.thresholds, strict=False):
            if share >= least:
                return Bits({self.tap: width})
        return GO

    def saved(self) -> SavedHook:
        """As plain values."""
        fields = {
            "name": self.name,
            "tap": self.tap,
            "features": dataclasses.asdict(self.features),
            "classifier": self.classifier.kind,
            "widths": list(self.widths),
            "thresholds": list(self.thresholds),
        }
        return SavedHook(self.kind, fields, self.classifier.arrays())

    @classmethod
    def restored(cls, saved: SavedHook) -> BitsHook:
        """The hook of plain values. Raises KeyError, TypeError or ValueError for values that do not fit."""
        fields = saved.fields
        widths = tuple(int(width) for width in fields["widths"])
        thresholds = tuple(float(least) for least in fields["thresholds"])
        classifier = load_classifier(fields["classifier"], saved.arrays)
        if not classifier.classes == len(widths) == len(thresholds) + 1 or list(widths) != sorted(
            set(widths)
        ):
            raise ValueError("its widths, thresholds and classes do not fit together")
        spec = FeatureSpec(**fields["features"])
        return cls(fields["name"], fields["tap"], spec, classifier, widths, thresholds)
