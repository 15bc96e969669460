"""Segment protocol: consecutive layers of a head that run as one piece, whatever executes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class FrameContext:
    """What a segment knows of the frame beside its tensors.

    ``mask`` `(H, W) bool` are the positions of ``mask_tensor`` that some hook asked for, None for all. In
    ``changes`` segments that follow a stream note, by input, which blocks of it they computed anew, and in
    ``spacings`` by multiples of how many positions an input may move and is followed. ``windows``: where a
    tensor shows the stream's scene (row, column in its own positions), as far as that is known.
    """

    stream: str = "default"
    mask: NDArray[np.bool_] | None = None
    mask_tensor: str | None = None
    changes: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    spacings: dict[str, int] = field(default_factory=dict)
    windows: dict[str, Pair] = field(default_factory=dict)


class Segment(Protocol):
    """Runs some consecutive layers. Used by one thread at a time; it may keep state per stream.

    ``backend`` names what executes it, ``reads`` and ``makes`` are the tensors that go in and come out (what
    later segments, hooks or the boundary need). ``density`` is the share of positions that the last run
    computed, 0 .. 1.
    """

    @property
    def backend(self) -> str: ...  # noqa: D102

    @property
    def reads(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def makes(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def density(self) -> float: ...  # noqa: D102

    def run(self, tensors: Tensors, frame: FrameContext) -> dict[str, NDArray[Any]]:
        """``makes`` from ``reads``; exactly those are looked up in ``tensors``.

        Raises InputError when the network does not take the values. Shapes are the model's, batch of one.
        """
        ...

    def forget(self, stream: str) -> None:
        """Drop what is kept of a stream (it jumped, or it ended)."""
        ...
