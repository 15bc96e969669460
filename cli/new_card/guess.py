"""Guess: a card's output fields, how sure they are, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from evosplit.cli.new_card.model_look import ModelLook, Size
from evosplit.shared.graph import Graph

Certainty: TypeAlias = Literal["sure", "likely", "a guess"]


@dataclass(frozen=True)
class Guess:
    """``output`` are the card's; ``family`` names what the network is and what pictures it was trained with.

    ``classes`` is how many labels it has, None where labels mean nothing.
    """

    family: str
    output: Mapping[str, Any]
    certainty: Certainty
    why: str
    classes: int | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Outputs:
    """The outputs with their shapes, next to the file and the input's size that they belong to."""

    seen: ModelLook
    size: Size
    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, seen: ModelLook, graph: Graph) -> Outputs:
        """Those of a loaded graph, whose sizes are all known."""
        shape = graph.tensors[seen.tensor].shape
        size = shape[2:4] if seen.layout == "NCHW" else shape[1:3]
        tensors = {name: graph.tensors[name] for name in graph.outputs}
        return cls(
            seen,
            (size[0], size[1]),
            {name: tensor.shape for name, tensor in tensors.items()},
            {name: tensor.dtype for name, tensor in tensors.items()},
        )

    def named(self, *parts: str) -> str | None:
        """The first output whose name holds one of ``parts``."""
        return next((name for name in self.shapes if any(part in name.lower() for part in parts)), None)


def cells(size: Size) -> int:
    """Cells of the usual three strides: 8, 16 and 32."""
    return sum((size[0] // stride) * (size[1] // stride) for stride in (8, 16, 32))
