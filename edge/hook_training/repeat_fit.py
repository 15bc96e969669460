"""Fit of a repeat hook: how still a picture must be for its answer to stay."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hooks.reduced import Floats, Reduction
from evosplit.edge.hooks.repeat import RepeatHook, confidence
from evosplit.shared.lru import Lru

LAGS: Final = (1, 2, 4, 8, 16)
"""Pairs are that many full answers apart, since the picture that a hook compares with is not the last one."""
STILLEST: Final = 0.1
"""Share of neighbouring pairs that shows the sensor's noise alone. A camera whose view rests for less of the
time has a larger "noise"; there agreement alone decides."""
NOISE_MARGIN: Final = 3.0
"""How often the noise a change may be. Agreement alone would allow any change that never yet changed an
answer, and a small one that does (one symbol of a plate) may not have come along while learning."""
LEAST_PAIRS: Final = 100


@dataclass
class AnswerPairs:
    """Pairs of full answers of the same stream, how alike their pictures are and whether they agree.

    `offer` them in order; memory is bounded by ``most_pairs`` and ``most_streams``.
    """

    reduction: Reduction
    most_pairs: int = 20_000
    most_streams: int = 8
    _pairs: deque[tuple[int, float, bool]] = field(init=False)
    _streams: Lru[str, deque[tuple[Floats, str | None]]] = field(init=False)

    def __post_init__(self) -> None:
        self._pairs = deque(maxlen=self.most_pairs)
        self._streams = Lru(self.most_streams)

    def __len__(self) -> int:
        """How many pairs are held."""
        return len(self._pairs)

    def offer(self, stream: str, tensor: NDArray[Any], answer: str | None) -> None:
        """A full answer: the model's input and the answer's key, None for one that is not discrete."""
        means = self.reduction.of(tensor)
        if means is None:
            return
        past = self._streams.get(stream) or deque(maxlen=max(LAGS))
        for lag in (lag for lag in LAGS if lag <= len(past)):
            before, said = past[-lag]
            self._pairs.append((lag, confidence(before, means), answer is not None and said == answer))
        past.append((means, answer))
        self._streams.put(stream, past)

    def threshold(self, target: float, sure: float = 0.95) -> float | None:
        """The confidence from which answers stay with ``target``; None where that cannot be said."""
        if len(self._pairs) < LEAST_PAIRS:
            return None
        lags, alike, agrees = (np.array(column) for column in zip(*self._pairs, strict=True))
        least = threshold(alike, agrees, target, sure)
        noise = 1 / np.quantile(alike[lags == 1], 1 - STILLEST) - 1
        return None if least is None else max(least, float(1 / (1 + NOISE_MARGIN * noise)))

    def hook(self, name: str, tap: str, target: float, sure: float = 0.95) -> RepeatHook | None:
        """The hook as learned until now, or None."""
        least = self.threshold(target, sure)
        return None if least is None else RepeatHook(name, tap, self.reduction, least)
