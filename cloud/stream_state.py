"""State of streams for delta decoding: what the cloud keeps, so that only changes have to be sent.

A stream is a sender's run, a model, a cut and a name. A frame names the frame it builds on, which may have
been sent just before it and be on its way yet. What is not here (evicted, expired, on another replica) is
refused by `UnknownBaseError`, upon which the sender sends the frame again, whole.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from evosplit.kernels.delta import apply_delta
from evosplit.kernels.unpacked_codes import Codes, decode_whole, digest
from evosplit.shared.errors import UnknownBaseError, WireError
from evosplit.shared.lru import Lru
from evosplit.shared.wire import Frame, StreamHead

State: TypeAlias = Mapping[str, Codes]
"""Codes by tensor, of the frame's order; nobody writes to them."""

_MOST_STATES: Final = 6
"""Frames of one stream that may become a base: senders know of one, and have at most four under way."""

STATE_BYTES: Final = 1000
"""What a state takes beside its codes, about; so that empty tensors are not free."""


class StreamKey(NamedTuple):
    """Which stream: ``client`` is a random number of the sender's run, so that equal names do not collide."""

    client: int
    model_sha256: str
    cut_key: str
    stream: str


@dataclass(frozen=True)
class _Stream:
    states: Mapping[int, State]
    used_s: float

    @property
    def memory_bytes(self) -> int:
        codes = (codes.codes for state in self.states.values() for codes in state.values())
        return len(self.states) * STATE_BYTES + sum(each.nbytes for each in codes)


class StreamStore:
    """States by stream under a limit in bytes, the longest unused given up first. For several threads.

    A stream that nobody used for ``lifetime_s`` is dropped. ``clock`` gives seconds that never go back.
    A base that was sent later than all that is here is waited for, for ``on_its_way_s`` at the most.
    """

    def __init__(
        self,
        limit_bytes: int = 256 * 10**6,
        lifetime_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        on_its_way_s: float = 0.05,
    ) -> None:
        self._on_its_way_s = on_its_way_s
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._streams: Lru[StreamKey, _Stream] = Lru(limit_bytes, keeps_newest=False)
        self._lock = threading.Lock()
        self._kept = threading.Condition(self._lock)

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def memory_bytes(self) -> int:
        """What all codes take together."""
        with self._lock:
            return int(self._streams.total)

    def base(self, key: StreamKey, sequence: int) -> State:
        """The state of a frame. Raises UnknownBaseError."""
        with self._lock:
            self._expire()
            self._kept.wait_for(lambda: not self._may_come(key, sequence), self._on_its_way_s)
            stream = self._streams.get(key)
            if stream is None or sequence not in stream.states:
                raise UnknownBaseError(f"frame {sequence} of stream {key.stream!r} is not held here")
            self._use(key, stream.states)
            return stream.states[sequence]

    def keep(self, key: StreamKey, sequence: int, state: State) -> None:
        """Hold a state as long as there is room."""
        with self._lock:
            self._expire()
            stream = self._streams.get(key)
            states = {**(stream.states if stream else {}), sequence: state}
            self._use(key, {number: states[number] for number in sorted(states)[-_MOST_STATES:]})
            self._kept.notify_all()

    def drop(self, key: StreamKey) -> None:
        """Forget a stream."""
        with self._lock:
            self._streams.pop(key)

    def _may_come(self, key: StreamKey, sequence: int) -> bool:
        """Whether another thread may be about to keep it: the stream is here, and nothing as new."""
        stream = self._streams.get(key)
        return stream is not None and sequence > max(stream.states)

    def _use(self, key: StreamKey, states: Mapping[int, State]) -> None:
        stream = _Stream(states, self._clock())
        self._streams.put(key, stream, stream.memory_bytes)

    def _expire(self) -> None:
        limit_s = self._clock() - self._lifetime_s
        for key in tuple(itertools.takewhile(lambda key: self._streams[key].used_s < limit_s, self._streams)):
            self._streams.pop(key)


def restore(store: StreamStore, frame: Frame, head: StreamHead) -> State:
    """The codes that a frame of a stream stands for; kept if the sender may build on them.

    The tensors' names and shapes are the caller's to check. Raises UnknownBaseError, WireError.
    """
    key = StreamKey(head.client, frame.model_sha256, frame.cut_key, head.stream)
    state = _whole(frame) if head.is_key else _on_base(store.base(key, head.base), frame, head)
    if digest(state.values()) != head.digest:
        if head.is_key:
            raise WireError("a key frame's codes do not match its digest")
        store.drop(key)
        raise UnknownBaseError(f"frame {head.base} of stream {head.stream!r} is another one here")
    if head.keep:
        store.keep(key, head.sequence, state)
    return state


def _whole(frame: Frame) -> State:
    return {tensor.name: decode_whole(tensor) for tensor in frame.tensors}


def _on_base(base: State, frame: Frame, head: StreamHead) -> State:
    if {tensor.name for tensor in frame.tensors} != base.keys():
        raise WireError(f"frame {head.sequence} has other tensors than its base")
    return {tensor.name: apply_delta(base[tensor.name], tensor, head.block) for tensor in frame.tensors}
