"""Leaves out a residual block where that changes nothing: pool -> fc -> ReLU -> fc -> two scores."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.hooks.decisions import GO, Decision, Skip
from edge.hooks.features import FeatureSpec
from edge.hooks.saved import SavedHook

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SkipHook:
    """Skips the block from ``tap`` to ``until`` when its share for "no change" is at least ``threshold``.

    ``until`` is the block's output, of ``tap``'s shape. The scores are ``relu(x @ first + first_bias) @
    second + second_bias`` with ``first`` `(d, h)` and ``second`` `(h, 2)`, column 1 for "no change"; x are
    the pooled features, less ``mean``, times ``scale``, both `(d,)`.
    """

    name: str
    tap: str
    until: str
    features: FeatureSpec
    mean: Floats
    scale: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    threshold: float
    kind: ClassVar[str] = "skip"

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the two layers."""
        return self.first.size + self.second.size

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Skip` or `Go`; ``tensor`` has a batch of one. Values that are not finite go on."""
        del stream
        features = self.features.of(tensor)
        if not np.isfinite(features).all():
            return GO
        return Skip() if self.share(features[None])[0] >= self.threshold else GO

    def share(self, features: Floats) -> Floats:
        """`(n,)`, 0 .. 1: how likely skipping changes nothing; ``features`` is `(n, d)`."""
        hidden = np.maximum((features - self.mean) * self.scale @ self.first + self.first_bias, 0)
        scores = hidden @ self.second + self.second_bias
        margin = np.clip(scores[:, 0] - scores[:, 1], -80, 80)
        shares: Floats = 1 / (1 + np.exp(margin))
        return shares

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
            "threshold": self.threshold,
        }
        return SavedHook(self.kind, fields, {name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def restored(cls, saved: SavedHook) -> SkipHook:
        """The hook of plain values. Raises KeyError, TypeError or ValueError for values that do not fit."""
        arrays = {name: np.asarray(saved.arrays[name], np.float32) for name in _ARRAYS}
        into, hidden = arrays["first"].shape
        wanted = {
            "mean": (into,),
            "scale": (into,),
            "first": (into, hidden),
            "first_bias": (hidden,),
            "second": (hidden, 2),
            "second_bias": (2,),
        }
        if any(arrays[name].shape != shape for name, shape in wanted.items()):
            raise ValueError("the shapes of its weights do not fit together")
        fields = saved.fields
        features = FeatureSpec(**fields["features"])
        named = {name: fields[name] for name in ("name", "tap", "until")}
        threshold = float(fields["threshold"])
        return cls(**named, features=features, threshold=threshold, **arrays)  # type: ignore[arg-type]


_ARRAYS = ("mean", "scale", "first", "first_bias", "second", "second_bias")
