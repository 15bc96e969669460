"""Decisions of a hook about one frame, as values; the head's runner acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.plan import TensorCode


@dataclass(frozen=True)
class Go:
    """Nothing to decide: go on."""


@dataclass(frozen=True, eq=False)
class Exit:
    """The answer is known: the model's ``outputs`` by name, as the whole network would give them.

    ``confidence`` is the hook's own, 0 .. 1, that this is the network's answer.
    """

    outputs: Mapping[str, NDArray[Any]]
    confidence: float


@dataclass(frozen=True)
class Skip:
    """The next segment, a residual block, is not run: its output is its shortcut's input."""


@dataclass(frozen=True, eq=False)
class Keep:
    """Of boundary tensor ``tensor`` only these channels travel; the others arrive as zeros.

    ``channels`` is `(C,) bool`.
    """

    tensor: str
    channels: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Mask:
    """Only these positions of the tapped tensor, and what depends on them, need to be computed.

    ``positions`` is `(H, W) bool`. Elsewhere the stream's last values stay, zeros where there are none.
    """

    positions: NDArray[np.bool_]


@dataclass(frozen=True)
class Bits:
    """How boundary tensors of this frame travel where that is coarser than the plan's way.

    Of tensors that are not entropy coded only the bits count: ranges and codecs stay the plan's.
    """

    codes: Mapping[str, TensorCode]


Decision: TypeAlias = Go | Exit | Skip | Keep | Mask | Bits

GO = Go()
