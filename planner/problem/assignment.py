"""Assignment: a decision on every variable of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Assignment:
    """Layers on the edge, and bits by layer name (weights) and tensor name (activations, wire).

    ``codecs`` says how a tensor travels where that is not the usual way: ``zstd``, ``none``, or an encoding
    of the model's input (`evosplit.planner.encodings`).
    """

    layers: frozenset[int]
    weights: Mapping[str, int]
    activations: Mapping[str, int]
    wire: Mapping[str, int]
    codecs: Mapping[str, str] = field(default_factory=dict)
