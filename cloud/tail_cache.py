"""LRU cache of tails: built when first asked for, bounded in bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import onnx

from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Cut, Graph
from evosplit.shared.lru import Lru
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model

_SESSION_BYTES: Final = 2 * 10**6
"""What a session takes beside weights and activations (measured on ONNX Runtime 1.31, CPU)."""


class TailKey(NamedTuple):
    """Which tail: of which model, behind which cut. Cut ``0`` is the whole model."""

    model_sha256: str
    cut_key: str


@dataclass(frozen=True)
class Tail:
    """A tail that can run, and the memory that it is reckoned to take."""

    runner: Runner
    memory_bytes: int


@dataclass
class _Slot:
    building: threading.Lock = field(default_factory=threading.Lock)
    tail: Tail | None = None


class TailCache:
    """Tails by key under a limit in bytes; threads that ask for the same tail wait for one build.

    The tail asked for last always stays, even where it alone exceeds the limit; those still being built weigh
    nothing yet, and stay, too.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._slots: Lru[TailKey, _Slot] = Lru(limit_bytes)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def memory_bytes(self) -> int:
        """Estimate of what all tails take together."""
        with self._lock:
            return int(self._slots.total)

    def get(self, key: TailKey, build: Callable[[], Tail]) -> Tail:
        """The tail of a key, built by the first caller. Raises what ``build`` raises."""
        slot = self._slot(key)
        with slot.building:
            if slot.tail is None:
                slot.tail = self._built(key, build)
                with self._lock:
                    self._slots.put(key, slot, slot.tail.memory_bytes)
            return slot.tail

    def _slot(self, key: TailKey) -> _Slot:
        with self._lock:
            slot = self._slots.get(key) or _Slot()
            self._slots.put(key, slot, slot.tail.memory_bytes if slot.tail else 0)
            return slot

    def _built(self, key: TailKey, build: Callable[[], Tail]) -> Tail:
        try:
            return build()
        except EvoSplitError:
            with self._lock:
                self._slots.pop(key)
            raise


def build_tail(graph: Graph, cut: Cut, threads: int) -> Tail:
    """Build the session of a cut's tail; a second or so for a large network."""
    model = tail_model(graph, cut)
    return Tail(Runner(model, threads), tail_memory_bytes(graph, cut, model))


def tail_memory_bytes(graph: Graph, cut: Cut, model: onnx.ModelProto) -> int:
    """Estimate: the weights twice (ONNX Runtime packs its own copy) and the two largest activations."""
    edge = set(cut.layers)
    made = [
        graph.tensors[name].size_bytes
        for layer in graph.layers
        if layer.index not in edge
        for name in (*layer.inputs, *layer.outputs)
        if name in graph.tensors
    ]
    return _SESSION_BYTES + 2 * int(model.ByteSize()) + sum(sorted(made)[-2:])
