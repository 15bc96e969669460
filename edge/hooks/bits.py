"""Adaptive quantisation hook: a boundary tensor in coarser codes where the answer needs no finer ones."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.load import load_classifier
from evosplit.edge.hooks.decisions import GO, Bits, Decision
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import SavedHook
from evosplit.shared.plan import TensorCode

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BitsHook:
    """Chooses the coarsest of ``codes`` that is likely to be enough for boundary tensor ``tap``.

    ``codes`` get finer and end in the plan's: by their bits, or by their steps where they are entropy coded.
    ``classifier`` says from pooled statistics of the tensor which of them is the first that the answer
    survives; the shares of a code and of all before it add up to how likely it is enough, which must reach
    the code's entry in ``thresholds``, `(codes - 1,)`, above 1 for never.
    """

    name: str
    tap: str
    features: FeatureSpec
    classifier: Classifier
    codes: tuple[TensorCode, ...]
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
        for code, share, least in zip(self.codes, enough, self.thresholds, strict=False):
            if share >= least:
                return Bits({self.tap: code})
        return GO

    def saved(self) -> SavedHook:
        """As plain values."""
        fields = {
            "name": self.name,
            "tap": self.tap,
            "features": dataclasses.asdict(self.features),
            "classifier": self.classifier.kind,
            "codes": [dataclasses.asdict(code) for code in self.codes],
            "thresholds": list(self.thresholds),
        }
        return SavedHook(self.kind, fields, self.classifier.arrays())

    @classmethod
    def restored(cls, saved: SavedHook) -> BitsHook:
        """The hook of plain values; bit-widths alone are what older files hold.

        Raises KeyError, TypeError or ValueError for values that do not fit.
        """
        fields = saved.fields
        codes = tuple(TensorCode(**code) for code in fields.get("codes", ()))
        codes = codes or tuple(TensorCode(int(width)) for width in fields["widths"])
        thresholds = tuple(float(least) for least in fields["thresholds"])
        classifier = load_classifier(fields["classifier"], saved.arrays)
        ascend = all(coarse.is_coarser(fine) for coarse, fine in itertools.pairwise(codes))
        if not classifier.classes == len(codes) == len(thresholds) + 1 or not ascend:
            raise ValueError("its codes, thresholds and classes do not fit together")
        spec = FeatureSpec(**fields["features"])
        return cls(fields["name"], fields["tap"], spec, classifier, codes, thresholds)
