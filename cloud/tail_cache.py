"""LRU cache of tails: built ahead, or when first asked for; bounded in bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Cut, Graph
from evosplit.shared.lru import Lru
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.restoration.restored_tail import restored_tail
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model

_SESSION_BYTES: Final = 2 * 10**6
"""What a session takes beside weights and activations (measured on ONNX Runtime 1.31, CPU)."""


class TailKey(NamedTuple):
    """Which tail: of which model, behind which cut and restorations. Cut ``0`` is the whole model."""

    model_sha256: str
    cut_key: str
    restorations: tuple[str, ...] = ()


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
        self._limit_bytes = limit_bytes
        self._slots: Lru[TailKey, _Slot] = Lru(limit_bytes)
        self._lock = threading.Lock()
        self._late_builds = 0

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: TailKey) -> bool:
        with self._lock:
            slot = self._slots.get(key)
            return slot is not None and slot.tail is not None

    @property
    def memory_bytes(self) -> int:
        """Estimate of what all tails take together."""
        with self._lock:
            return int(self._slots.total)

    @property
    def late_builds(self) -> int:
        """How many tails were built while somebody waited for their answer."""
        with self._lock:
            return self._late_builds

    def get(self, key: TailKey, build: Callable[[], Tail]) -> Tail:
        """The tail of a key, built by the first caller. Raises what ``build`` raises."""
        slot = self._slot(key)
        with slot.building:
            if slot.tail is not None:
                return slot.tail
            with self._lock:
                self._late_builds += 1
            return self._fill(key, slot, build)

    def prefetch(self, key: TailKey, wanted_bytes: int, build: Callable[[], Tail]) -> Tail | None:
        """Build a tail ahead, for which nothing else is given up.

        None when it is there already, or there is no room for ``wanted_bytes``. Raises what ``build`` raises.
        """
        if key in self or self.memory_bytes + wanted_bytes > self._limit_bytes:
            return None
        slot = self._slot(key)
        with slot.building:
            return None if slot.tail else self._fill(key, slot, build)

    def _slot(self, key: TailKey) -> _Slot:
        with self._lock:
            slot = self._slots.get(key) or _Slot()
            self._slots.put(key, slot, slot.tail.memory_bytes if slot.tail else 0)
            return slot

    def _fill(self, key: TailKey, slot: _Slot, build: Callable[[], Tail]) -> Tail:
        try:
            tail = build()
        except EvoSplitError:
            with self._lock:
                self._slots.pop(key)
            raise
        with self._lock:
            slot.tail = tail
            self._slots.put(key, slot, tail.memory_bytes)
        return tail


def build_tail(graph: Graph, cut: Cut, threads: int, restorations: Sequence[Restoration] = ()) -> Tail:
    """Build the session of a cut's tail behind restorations; a second or so for a large network.

    Raises ModelError, RestorationError.
    """
    model = restored_tail(tail_model(graph, cut), restorations)
    return Tail(Runner(model, threads), tail_memory_bytes(graph, cut))


def tail_memory_bytes(graph: Graph, cut: Cut) -> int:
    """Estimate: the weights twice (ONNX Runtime packs its own copy) and the two largest activations."""
    edge = set(cut.layers)
    layers = [layer for layer in graph.layers if layer.index not in edge]
    used = {name for layer in layers for name in layer.weights}
    weights = sum(tensor.ByteSize() for tensor in graph.model.graph.initializer if tensor.name in used)
    made = [
        graph.tensors[name].size_bytes
        for layer in layers
        for name in (*layer.inputs, *layer.outputs)
        if name in graph.tensors
    ]
    return _SESSION_BYTES + 2 * int(weights) + sum(sorted(made)[-2:])
