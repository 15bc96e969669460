"""Board that the demo's edge plays: a slow processor of a fixed speed, with modest integer kernels.

A board that were a multiple of this machine would be another one on every machine, and the same link another
story. Processors of small boards gain less from 8 bits than a server with instructions for dot products of
bytes. On a Raspberry Pi 3B+ (Cortex-A53, which has none) MobileNet v1 takes 134.4 ms in float32 and 77.0 ms
in 8 bits, EfficientNet-Lite0 135.2 and 82.7, MobileNet v2 95.7 and 70.5, of 569, 407 and 300 million
multiply-accumulates ("Faster Quantized Inference with XNNPACK", TensorFlow blog, 9 September 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import geometric_mean
from typing import Final

from evosplit.edge.backends.int8 import timed_integers
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph
from evosplit.shared.integer_profiler import float_s, integer_gain

BOARD_MACS_PER_S: Final = geometric_mean((569e6 / 134.4e-3, 407e6 / 135.2e-3, 300e6 / 95.7e-3))
"""Multiply-accumulates a second in float32 on that board, the mean of the three."""
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


def board(graph: Graph, slowdown: float | None = None) -> Board:
    """The board, by how fast this very machine is, which is measured: a second. ``slowdown`` is another's."""
    factor = max(1.0, _board_s(graph) / float_s(graph)) if slowdown is None else slowdown
    try:
        gain = integer_gain(graph, timed_integers(graph))
    except ModelError:  # no network for integers: then nothing runs in them
        return Board(factor)
    return Board(factor, max(1.0, gain / BOARD_GAIN))


def _board_s(graph: Graph) -> float:
    """Seconds of the whole network in float32 on the board."""
    return sum(layer.macs for layer in graph.layers) / BOARD_MACS_PER_S
