"""LRU cache of stream memories, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from evosplit.edge.backends.masked.stream_memory import StreamMemory
from evosplit.edge.streams.change_rules import TRIALS


@dataclass(eq=False)
class Stream:
    """``age``: frames since everything was computed for ``region``, None when nothing can be built on.

    ``seconds`` of the last frames that built on others; ``dense_left``: frames for the dense backend yet.
    """

    memory: StreamMemory
    age: int | None = None
    region: bytes | None = None
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=TRIALS))
    dense_left: int = 0


class StreamCache:
    """The streams used last; the one that was quiet for longest goes first. One always fits."""

    def __init__(self, make: Callable[[], StreamMemory], limit_bytes: int) -> None:
        self._make, self._limit_bytes = make, limit_bytes
        self._held: OrderedDict[str, Stream] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def size_bytes(self) -> int:
        """Held by all streams."""
        return sum(stream.memory.size_bytes for stream in self._held.values())

    def get(self, name: str) -> Stream:
        """The stream, new where it is not known."""
        stream = self._held.get(name)
        if stream is None:
            stream = self._held[name] = Stream(self._make())
        self._held.move_to_end(name)
        while len(self._held) > 1 and self.size_bytes > self._limit_bytes:
            self._held.popitem(last=False)
        return stream

    def forget(self, name: str) -> None:
        """Drop a stream; unknown ones are fine."""
        self._held.pop(name, None)
