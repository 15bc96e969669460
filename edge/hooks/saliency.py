"""Saliency-mask hook: a small classifier at each position says where something is."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.decisions import GO, Decision, Mask
from evosplit.edge.hooks.hook import SavedHook
from evosplit.kernels.salient import salient
from evosplit.shared.lru import Lru

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SaliencyMaskHook:
    """Asks for positions whose logistic score is at least ``threshold``, and for those around them.

    The score of a position is ``logistic(bias + own . x + around . mean)`` with x its channels and mean those
    of its 3 x 3 neighbourhood; ``own`` and ``around`` are `(C,) float32`. What was salient in a stream's last
    frame is asked for once more, because something may just have left it.
    """

    name: str
    tap: str
    own: Floats
    around: Floats
    bias: float
    threshold: float
    most_streams: int = 64
    positions: int = 0
    kind: ClassVar[str] = "mask"
    _last: Lru[str, Bools] = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_last", Lru(self.most_streams))

    @property
    def macs(self) -> int:
        """Both products at each position."""
        return 2 * len(self.own) * self.positions

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Mask` or `Go`: all of a stream's first frame, of one of another size, and of one with NaN."""
        mask = self.salient(tensor)
        if mask is None:
            self.forget(stream)
            return GO
        with self._lock:
            last = self._last.get(stream)
            self._last.put(stream, mask)
        return GO if last is None or last.shape != mask.shape else Mask(mask | last)

    def salient(self, tensor: NDArray[Any]) -> Bools | None:
        """The mask `(H, W)` of this frame alone, grown by one position; None where there is no telling."""
        if tensor.ndim != 4 or tensor.shape[1] != len(self.own):
            return None
        size = tensor.shape[2:]
        maps = np.asarray(tensor[0], np.float32).reshape(len(self.own), -1)
        grown: Bools = np.zeros(size, np.bool_)
        is_finite = salient((self._weights @ maps).reshape(2, *size), self._limit, grown)
        return grown if is_finite else None

    @functools.cached_property
    def _weights(self) -> Floats:
        """Both products at once: the tensor is read once."""
        return np.stack([self.own, self.around])

    @functools.cached_property
    def _limit(self) -> float:
        """Of the score before the logistic function, as float32 has it."""
        return float(np.float32(np.log(self.threshold / (1 - self.threshold)) - self.bias))

    def forget(self, stream: str) -> None:
        """Drop what is known of a stream."""
        with self._lock:
            self._last.pop(stream)

    def saved(self) -> SavedHook:
        """As plain values, without what it knows of streams."""
        fields = {name: getattr(self, name) for name in ("name", "tap", *_NUMBERS)}
        return SavedHook("saliency", fields, {"own": self.own, "around": self.around})

    @classmethod
    def restored(cls, saved: SavedHook) -> SaliencyMaskHook:
        """The hook of plain values. Raises KeyError, TypeError or ValueError for values that do not fit."""
        fields = saved.fields
        own, around = (np.asarray(saved.arrays[name], np.float32) for name in ("own", "around"))
        threshold = float(fields["threshold"])
        if own.ndim != 1 or own.shape != around.shape or not 0 < threshold < 1:
            raise ValueError("its weights and its threshold do not fit together")
        named = (fields["name"], fields["tap"], own, around, float(fields["bias"]), threshold)
        return cls(*named, int(fields["most_streams"]), int(fields["positions"]))


_NUMBERS = ("bias", "threshold", "most_streams", "positions")


def saliency(maps: Floats, own: Floats, around: Floats) -> Floats:
    """``own . x + around . mean`` at each position, `(H, W) float32`; ``maps`` is `(C, H, W)`.

    The mean is over 3 x 3 positions, zeros beyond the edge. Being linear, it is taken behind the product.
    """
    channels, height, width = maps.shape
    flat = maps.reshape(channels, -1)
    near = np.pad((around @ flat).reshape(height, width), 1)
    rows = near[:-2] + near[1:-1] + near[2:]
    mean = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) * np.float32(1 / 9)
    scores: Floats = (own @ flat).reshape(height, width) + mean
    return scores
