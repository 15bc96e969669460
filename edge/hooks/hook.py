"""What every hook is."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from evosplit.edge.hooks.decisions import Decision


class Hook(Protocol):
    """Reads one tensor of the head and decides.

    ``name`` is unique within a head and fit for a metric's label, ``kind`` one of ``exit``, ``repeat``,
    ``skip``, ``channels``, ``mask``, ``bits``, and ``tap`` the tensor that it reads: an input of the model or
    an output of one of the head's layers. ``macs`` counts its multiply-accumulates for one frame.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def kind(self) -> str: ...  # noqa: D102

    @property
    def tap(self) -> str: ...  # noqa: D102

    @property
    def macs(self) -> int: ...  # noqa: D102

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """Decide about one frame of ``stream``; ``tensor`` is the tapped tensor with a batch of one.

        A hook that cannot decide (values that are not finite, a new stream, another size) says `Go`; it does
        not raise for what is in a frame.
        """
        ...
