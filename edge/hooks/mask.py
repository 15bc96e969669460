"""Region-of-interest hook: the part of a picture that the user chose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.decisions import GO, Decision, Mask
from evosplit.edge.hooks.hook import Hook, SavedHook
from evosplit.edge.hooks.polygon import Points, covered, rectangle
from evosplit.shared.graph import Graph

_MOST_SIZES: Final = 8


@dataclass(frozen=True, eq=False)
class RegionMaskHook:
    """Asks for the positions that a polygon touches; ``points`` are (x, y), shares of width and height."""

    name: str
    tap: str
    points: Points
    kind: ClassVar[str] = "mask"
    macs: ClassVar[int] = 0
    _masks: dict[tuple[int, int], NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Mask`, or `Go` for what has no rows and columns."""
        del stream
        if tensor.ndim != 4:
            return GO
        size = (tensor.shape[2], tensor.shape[3])
        if size not in self._masks:
            if len(self._masks) >= _MOST_SIZES:
                self._masks.clear()
            self._masks[size] = covered(self.points, size)
        return Mask(self._masks[size])

    def saved(self) -> SavedHook:
        """As plain values."""
        return SavedHook("region", {"name": self.name, "tap": self.tap, "points": self.points}, {})

    @classmethod
    def restored(cls, saved: SavedHook) -> RegionMaskHook:
        """The hook of plain values. Raises KeyError, TypeError or ValueError for values that do not fit."""
        points = tuple((float(x), float(y)) for x, y in saved.fields["points"])
        covered(points, (1, 1))
        return cls(saved.fields["name"], saved.fields["tap"], points)


def region_hooks(graph: Graph, region: tuple[float, float, float, float] | None) -> tuple[Hook, ...]:
    """A mask on the network's first input for (left, top, right, bottom), shares of it; or none."""
    return () if region is None else (RegionMaskHook("region", graph.inputs[0], rectangle(*region)),)
