"""Early-exit hook: a classifier on a tapped tensor that answers where it is sure."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from numpy.typing import NDArray

from evosplit.edge.hooks.classifier_reader import Reader
from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.load import load_classifier
from evosplit.edge.hooks.decisions import GO, Decision, Exit
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import SavedHook, arrays_below

OTHER: Final = ""
"""The answer that stands for all answers too rare to have a name of their own."""


@dataclass(frozen=True, eq=False)
class ExitHook:
    """Exits when the likeliest answer has at least ``threshold`` of the score, and is one of ``answers``.

    ``classifier`` scores the features of ``tap``, one column per answer; `OTHER` among ``answers`` stands for
    all rarer ones and never exits. ``outputs`` are the network's outputs by name, `(answers, *shape)`: row a
    stands for answer a. ``agreement`` is that of its answers with the network, when it was learned.
    """

    name: str
    tap: str
    features: FeatureSpec
    classifier: Classifier
    answers: tuple[str, ...]
    outputs: Mapping[str, NDArray[Any]]
    threshold: float
    agreement: float = 1.0
    kind: ClassVar[str] = "exit"

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the classifier."""
        return self.classifier.macs

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Exit` or `Go`; ``tensor`` has a batch of one. Values that are not finite go on."""
        del stream
        label, confidence = self.best(tensor)
        # Written so that a confidence that is no number goes on, too.
        if confidence >= self.threshold and self.answers[label] != OTHER:
            return Exit({name: array[label] for name, array in self.outputs.items()}, confidence)
        return GO

    def best(self, tensor: NDArray[Any]) -> tuple[int, float]:
        """The likeliest column and its score, whatever the threshold; NaN for no finite features."""
        return self._reader.best(tensor)

    @functools.cached_property
    def _reader(self) -> Reader:
        return Reader(self.features, self.classifier)

    def at_threshold(self, threshold: float) -> ExitHook:
        """The same hook, more or less cautious."""
        return dataclasses.replace(self, threshold=threshold)

    def saved(self) -> SavedHook:
        """As plain values."""
        stacked = {f"out/{name}": array for name, array in self.outputs.items()}
        weights = {f"net/{name}": array for name, array in self.classifier.arrays().items()}
        fields = {
            "name": self.name,
            "tap": self.tap,
            "features": dataclasses.asdict(self.features),
            "classifier": self.classifier.kind,
            "answers": list(self.answers),
            "threshold": self.threshold,
            "agreement": self.agreement,
        }
        return SavedHook(self.kind, fields, {**stacked, **weights})

    @classmethod
    def restored(cls, saved: SavedHook) -> ExitHook:
        """The hook of plain values. Raises KeyError, TypeError, ValueError or LearningError for a misfit."""
        fields, answers = saved.fields, tuple(saved.fields["answers"])
        outputs = arrays_below(saved.arrays, "out/")
        classifier = load_classifier(fields["classifier"], arrays_below(saved.arrays, "net/"))
        if {classifier.classes, *map(len, outputs.values())} != {len(answers)}:
            raise ValueError("it has not one class and one output per answer")
        return cls(
            name=fields["name"],
            tap=fields["tap"],
            features=FeatureSpec(**fields["features"]),
            classifier=classifier,
            answers=answers,
            outputs=outputs,
            threshold=float(fields["threshold"]),
            agreement=float(fields["agreement"]),
        )
