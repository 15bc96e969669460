"""Training samples: a feature vector, the network's answer, and the outputs behind the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Sample:
    """One frame that the whole network answered.

    ``features`` is `(d,) float32`, ``answer`` an answer key, ``outputs`` the model's outputs by name, batch
    of one; empty where nothing has to be given out again.
    """

    features: NDArray[np.float32]
    answer: str
    outputs: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Samples:
    """Many samples at once.

    ``features`` `(n, d) float32`; ``codes`` `(n,) int64` into ``answers``, whose first is `OTHER`;
    ``outputs`` by name `(n, *shape)`. ``held`` `(n,) bool`: not for training; those come as often as they
    were offered, so that what is measured on them holds for the stream. ``slots`` `(n,) int64` stay with a
    sample as long as it is kept.
    """

    features: NDArray[np.float32]
    codes: NDArray[np.int64]
    answers: tuple[str, ...]
    outputs: Mapping[str, NDArray[Any]]
    held: NDArray[np.bool_]
    slots: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)
