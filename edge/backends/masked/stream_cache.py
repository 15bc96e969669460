"""LRU cache of stream memories, bounded in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from evosplit.edge.backends.change_rules import TRIALS
from evosplit.edge.backends.masked.stream_memory import StreamMemory
from evosplit.kernels.masked.window import Pair
from evosplit.shared.lru import Lru


@dataclass(eq=False)
class Stream:
    """``age``: frames since everything was computed for ``region``, None when nothing can be built on.

    ``window`` (rows, columns) is where the last frame showed its scene, as far as that is known.
    ``seconds`` of the last frames that built on others; ``dense_left``: frames for the dense backend yet.
    """

    memory: StreamMemory
    age: int | None = None
    region: bytes | None = None
    window: Pair | None = None
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=TRIALS))
    dense_left: int = 0

    def begin(self, region: bytes | None) -> int | None:
        """A frame for a region: the age of what it can build on, which is lost if the frame breaks off."""
        age, self.age = self.age if self.region == region else None, None
        return age

    def end(self, region: bytes | None, age: int) -> None:
        """The frame is computed."""
        self.region, self.age = region, age

    def move(self, window: Pair | None) -> Pair:
        """A frame at a ``window``: by how much it is further on than the last one, (0, 0) where not known."""
        before, self.window = self.window, window
        if before is None or window is None:
            return 0, 0
        return window[0] - before[0], window[1] - before[1]

    def turn_dense(self, frames: int) -> None:
        """So many frames are for the dense backend; nothing can be built on afterwards."""
        self.dense_left, self.age = frames, None
        self.seconds.clear()

    def take_dense(self) -> None:
        """One of them."""
        self.dense_left -= 1


class StreamCache:
    """The streams used last, weighed as they are used; the one that was quiet for longest goes first."""

    def __init__(self, make: Callable[[], StreamMemory], limit_bytes: int) -> None:
        self._make = make
        self._held: Lru[str, Stream] = Lru(limit_bytes)

    @property
    def size_bytes(self) -> int:
        """Held by all streams."""
        return sum(self._held[name].memory.size_bytes for name in self._held)

    def get(self, name: str) -> Stream:
        """The stream, new where it is not known."""
        stream = self._held.get(name) or Stream(self._make())
        self._held.put(name, stream, stream.memory.size_bytes)
        return stream

    def forget(self, name: str) -> None:
        """Drop a stream; unknown ones are fine."""
        self._held.pop(name)
