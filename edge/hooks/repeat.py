"""Repeat hook (temporal redundancy): a stream's last full answer again while its picture stays the same."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.decisions import GO, Decision, Exit
from evosplit.edge.hooks.hook import SavedHook
from evosplit.edge.hooks.reduced import Floats, Reduction, change
from evosplit.shared.lru import Lru


@dataclass
class _Seen:
    """The picture of a stream's last full answer, that answer, and how often it was given again."""

    means: Floats
    outputs: Mapping[str, NDArray[Any]]
    age: int = 0

    def repeat(self) -> Mapping[str, NDArray[Any]]:
        """The answer, given once more."""
        self.age += 1
        return self.outputs


@dataclass(frozen=True, eq=False)
class RepeatHook:
    """Exits with the last full answer when the input ``tap`` has changed little since.

    The confidence is ``1 / (1 + change)``, with the largest change of a block of the reduced input in units
    of the input's values, slow light undone; it must reach ``threshold``. One full answer serves at most
    ``max_age`` frames. Of all streams the ``most_streams`` that were answered last are remembered. Any thread
    may call it.
    """

    name: str
    tap: str
    reduction: Reduction
    threshold: float
    max_age: int = 64
    most_streams: int = 64
    macs: int = 0
    kind: ClassVar[str] = "repeat"
    _streams: Lru[str, _Seen] = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_streams", Lru(self.most_streams))

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Exit` or `Go`. A new stream, another size and values that are not finite go on."""
        with self._lock:
            seen = self._streams.get(stream)
            if seen is None or seen.age >= self.max_age:
                return GO
            means = self.reduction.of(tensor)
            sure = 0.0 if means is None else confidence(seen.means, means)
            if not sure >= self.threshold:
                return GO
            return Exit(seen.repeat(), sure)

    def learn_answer(self, stream: str, tensor: NDArray[Any], outputs: Mapping[str, NDArray[Any]]) -> None:
        """Remember a full answer of the network, and what its input ``tensor`` looked like."""
        means = self.reduction.of(tensor)
        if means is None:
            return
        kept = {name: np.array(array) for name, array in outputs.items()}
        with self._lock:
            self._streams.put(stream, _Seen(means, kept))

    def forget(self, stream: str) -> None:
        """Drop what is known of a stream."""
        with self._lock:
            self._streams.pop(stream)

    def at_threshold(self, threshold: float) -> RepeatHook:
        """The same hook, more or less cautious; it knows no stream yet."""
        return dataclasses.replace(self, threshold=threshold)

    def saved(self) -> SavedHook:
        """As plain values, without what it knows of streams."""
        plain = {name: getattr(self, name) for name in ("name", "tap", *_NUMBERS)}
        where = {"block": self.reduction.block, "region": list(self.reduction.region)}
        return SavedHook(self.kind, {**plain, **where}, {})

    @classmethod
    def restored(cls, saved: SavedHook) -> RepeatHook:
        """The hook of plain values. Raises KeyError, TypeError or ValueError for values that do not fit."""
        fields = saved.fields
        left, top, right, bottom = map(float, fields["region"])
        reduction = Reduction(int(fields["block"]), (left, top, right, bottom))
        max_age, most_streams, macs = (int(fields[name]) for name in ("max_age", "most_streams", "macs"))
        threshold = float(fields["threshold"])
        return cls(fields["name"], fields["tap"], reduction, threshold, max_age, most_streams, macs)


_NUMBERS = ("threshold", "max_age", "most_streams", "macs")


def confidence(before: Floats, now: Floats) -> float:
    """0 .. 1: how likely a picture says what the other said, as `RepeatHook` and its calibration count it."""
    return 1 / (1 + change(before, now))
