"""Residual block skipping: pool -> fc -> ReLU -> fc -> two scores."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from numpy.typing import NDArray

from evosplit.edge.hooks.classifier_reader import Reader
from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.load import load_classifier
from evosplit.edge.hooks.decisions import GO, Decision, Skip
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import SavedHook, arrays_below

AVERAGE: Final = FeatureSpec(grid=1, spread=False, peak=False)
"""Global average pooling."""

NO_CHANGE: Final = 1
"""The class, of two, in which the answer is the same without the block."""


@dataclass(frozen=True, eq=False)
class SkipHook:
    """Skips the block from ``tap`` to ``until`` when "no change" has at least ``threshold`` of the score.

    ``until`` is the block's output, of ``tap``'s shape; ``classifier`` has the classes "change" and "no
    change" and scores the features of ``tap``.
    """

    name: str
    tap: str
    until: str
    features: FeatureSpec
    classifier: Classifier
    threshold: float
    kind: ClassVar[str] = "skip"

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the classifier."""
        return self.classifier.macs

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Skip` or `Go`; ``tensor`` has a batch of one. Values that are not finite go on."""
        del stream
        label, share = self._reader.best(tensor)
        same = share if label == NO_CHANGE else 1 - share
        return Skip() if same >= self.threshold else GO

    @functools.cached_property
    def _reader(self) -> Reader:
        return Reader(self.features, self.classifier)

    def at_threshold(self, threshold: float) -> SkipHook:
        """The same hook, more or less cautious."""
        return dataclasses.replace(self, threshold=threshold)

    def saved(self) -> SavedHook:
        """As plain values."""
        fields = {
            "name": self.name,
            "tap": self.tap,
            "until": self.until,
            "features": dataclasses.asdict(self.features),
            "classifier": self.classifier.kind,
            "threshold": self.threshold,
        }
        return SavedHook(self.kind, fields, {f"net/{k}": v for k, v in self.classifier.arrays().items()})

    @classmethod
    def restored(cls, saved: SavedHook) -> SkipHook:
        """The hook of plain values. Raises KeyError, TypeError, ValueError or LearningError for a misfit."""
        fields = saved.fields
        classifier = load_classifier(fields["classifier"], arrays_below(saved.arrays, "net/"))
        if classifier.classes != NO_CHANGE + 1:
            raise ValueError(f"it has {classifier.classes} classes, not two")
        return cls(
            name=fields["name"],
            tap=fields["tap"],
            until=fields["until"],
            features=FeatureSpec(**fields["features"]),
            classifier=classifier,
            threshold=float(fields["threshold"]),
        )
