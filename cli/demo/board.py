"""Board that the demo's edge plays: so many times slower than this machine, with modest integer kernels.

Processors of small boards gain less from 8 bits than a server with instructions for dot products of bytes. On
a Raspberry Pi 3B+ (Cortex-A53, which has none) MobileNet v1 takes 134.4 ms in float32 and 77.0 ms in 8 bits,
EfficientNet-Lite0 135.2 and 82.7, MobileNet v2 95.7 and 70.5 ("Faster Quantized Inference with XNNPACK",
TensorFlow blog, 9 September 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evosplit.edge.backends.int8 import timed_integers
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph
from evosplit.shared.integer_profiler import integer_gain

BOARD_GAIN: Final = 134.4 / 77.0
"""How many times as fast as float32 integers are on the board: the best of the three, for the edge's sake."""


@dataclass(frozen=True)
class Board:
    """How many times slower than this machine, and its integers how many times yet."""

    slowdown: float
    integer_slowdown: float = 1.0

    @property
    def options(self) -> tuple[str, ...]:
        """Of `evosplit edge`."""
        return ("--slowdown", f"{self.slowdown:g}", "--integer-slowdown", f"{self.integer_slowdown:.3g}")


def board(graph: Graph, slowdown: float) -> Board:
    """The board, by what integers gain on this very machine, which is measured: half a second."""
    try:
        gain = integer_gain(graph, timed_integers(graph))
    except ModelError:  # no network for integers: then nothing runs in them
        return Board(slowdown)
    return Board(slowdown, max(1.0, gain / BOARD_GAIN))
