"""Hook protocols: what every hook does, and what only some can do beside that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from numpy.typing import NDArray

from evosplit.edge.hooks.decisions import Decision
from evosplit.shared.errors import EvoSplitError

HOOK_ERRORS: Final[tuple[type[Exception], ...]] = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, LookupError, MemoryError),
    *(NotImplementedError, OSError, RuntimeError, TypeError, ValueError, EvoSplitError),
)
"""What a hook can raise by mistake: it is an aid, so none of these may cost a frame its answer."""


ANSWERING: Final = ("exit", "repeat")
"""Kinds of hooks that answer."""


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


@dataclass(frozen=True, eq=False)
class SavedHook:
    """A hook as plain values: ``fields`` are JSON values, ``arrays`` numbers by name.

    ``kind`` says which class reads them.
    """

    kind: str
    fields: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


@runtime_checkable
class SaveableHook(Hook, Protocol):
    """A hook that goes into the file of hooks."""

    def saved(self) -> SavedHook:
        """As plain values."""
        ...


@runtime_checkable
class ThresholdHook(Hook, Protocol):
    """A hook that decides from a confidence on."""

    @property
    def threshold(self) -> float: ...  # noqa: D102


@runtime_checkable
class AdjustableHook(ThresholdHook, Protocol):
    """A hook whose threshold can be another one."""

    def at_threshold(self, threshold: float) -> Hook:
        """The same hook, more or less cautious."""
        ...


@runtime_checkable
class BlockHook(Hook, Protocol):
    """A hook that may leave out the block from ``tap`` to ``until``."""

    @property
    def until(self) -> str: ...  # noqa: D102


@runtime_checkable
class StreamHook(Hook, Protocol):
    """A hook that remembers something of each stream."""

    def forget(self, stream: str) -> None:
        """Drop what is known of a stream."""
        ...


@runtime_checkable
class AnswerLearningHook(Hook, Protocol):
    """A hook that wants to know the full answers of a stream."""

    def learn_answer(self, stream: str, tensor: NDArray[Any], outputs: Mapping[str, NDArray[Any]]) -> None:
        """Remember a full answer, and what the tapped ``tensor`` was. Called by the thread that computes."""
        ...


@runtime_checkable
class MeasuredHook(Hook, Protocol):
    """A hook whose agreement with the network was measured when it was learned."""

    @property
    def agreement(self) -> float: ...  # noqa: D102


def arrays_below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Those whose name begins with ``prefix``, without it."""
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
