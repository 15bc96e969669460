"""Delta sender: boundary tensors of a stream against what the cloud holds, without I/O.

`encode` gives the bytes of one frame; `acknowledged`, `refused` or `lost` say later what became of it, in any
order and for any number of frames under way. docs/decisions/delta-transport.md has the rules.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
import threading
from dataclasses import dataclass, field
from typing import Final

from evosplit.edge.streams.cloud_state import ALONE, CloudState, Delivery, Event, State, on_event, on_sent
from evosplit.edge.streams.code_epoch import Epoch, Tensors, ends_of, next_epoch, wire_of
from evosplit.edge.streams.shorter_frame import shorter
from evosplit.shared.lru import Lru
from evosplit.shared.plan import Plan
from evosplit.shared.wire import Frame, StreamHead

_NEVER: Final = sys.maxsize


@dataclass(frozen=True)
class DeltaSettings:
    """``threshold`` in code steps: a block in which no code moved by more keeps its old codes; 0 is exact.

    ``block`` is codes per block, a multiple of 8. A key frame comes after ``refresh_frames`` at the latest.
    Of each of at most ``streams`` streams, the newest answered frame and ``pending`` other ones are kept.
    """

    threshold: int = 0
    block: int = 8
    refresh_frames: int = 256
    pending: int = 4
    streams: int = 8


@dataclass(frozen=True)
class Sent:
    """The bytes of a frame, and which one of its stream it is.

    A frame that stands alone is of no stream, and has ``sequence`` 0.
    """

    content: bytes
    stream: str = ""
    delivery: Delivery = ALONE

    @property
    def sequence(self) -> int:
        """Its number among the frames of all streams, from 1 on."""
        return self.delivery.sequence

    @property
    def base(self) -> int:
        """The frame that it builds on; 0 for a key frame."""
        return self.delivery.base


@dataclass
class _Track:
    """One stream: the epoch of its codes, and what the cloud holds of it."""

    epoch: Epoch | None = None
    held: CloudState = field(default_factory=CloudState)

    def encoded(self, epoch: Epoch, sequence: int, state: State | None) -> None:
        """A frame of this epoch goes out; ``state`` as in `on_sent`."""
        self.epoch = epoch
        self.held = on_sent(self.held, sequence, state)

    def settle(self, event: Event, sent: Sent) -> None:
        """What became of a frame."""
        self.held = on_event(self.held, event, sent.delivery)

    def begin_anew(self) -> None:
        """What the cloud holds is of no use in another epoch."""
        self.held = dataclasses.replace(self.held, acknowledged=None, pending=())


class DeltaSender:
    """All streams of one agent. ``client`` is a random 64-bit number, another for each run of the agent.

    `encode` is called by one thread at a time; what became of a frame may be told from any thread meanwhile.
    """

    def __init__(self, client: int, settings: DeltaSettings = DeltaSettings()) -> None:
        self._client = client
        self._settings = settings
        self._sequences = itertools.count(1)
        self._tracks: Lru[str, _Track] = Lru(settings.streams)
        self._lock = threading.Lock()

    def encode(
        self,
        frame_id: str,
        stream: str,
        plan: Plan,
        tensors: Tensors,
        key: bool = False,
        limit_bytes: int | None = None,
    ) -> Sent:
        """The boundary of one frame, as a delta where that is shorter and the cloud can read it.

        ``key`` asks for a key frame. A frame takes no more than ``limit_bytes``: what would is sent as near
        as these allow, and the rest with the frames that follow; no key frame comes by age then. Raises
        InputError for NaN and infinity, FrameBudgetError where nothing fits; nothing has changed then.
        """
        track = self._track(stream)
        wire = wire_of(plan, tensors)
        refresh_frames = self._settings.refresh_frames if limit_bytes is None else _NEVER
        epoch = next_epoch(track.epoch, wire, ends_of(wire, tensors), refresh_frames)
        codes = epoch.codes(tensors)
        held = self._held(track, is_new=not epoch.key_bytes)
        base = None if key else held.base
        head = StreamHead(
            client=self._client,
            stream=stream,
            sequence=next(self._sequences),
            base=base.sequence if base else 0,
            block=self._settings.block,
            digest=0,
            keep=len(held.pending) < self._settings.pending,
        )
        frame = Frame(frame_id, wire.model_sha256, wire.cut_key, (), head, wire.restorations)
        written = shorter(frame, epoch, base, codes, self._settings.threshold, limit_bytes)
        kept = State(head.sequence, written.codes) if head.keep else None
        with self._lock:
            track.encoded(written.epoch, head.sequence, kept)
        is_early = bool(written.base) and base is not held.acknowledged
        return Sent(written.content, stream, Delivery(head.sequence, written.base, is_early))

    def acknowledged(self, sent: Sent) -> None:
        """The cloud answered the frame."""
        self._on(sent, "acknowledged")

    def refused(self, sent: Sent) -> None:
        """The cloud does not hold what the frame builds on."""
        self._on(sent, "refused")

    def lost(self, sent: Sent) -> None:
        """Nobody knows whether the frame arrived, or the cloud refused it for another reason."""
        self._on(sent, "lost")

    def forget(self, stream: str) -> None:
        """Drop what is kept of a stream (it jumped, or it ended)."""
        with self._lock:
            self._tracks.pop(stream)

    def _on(self, sent: Sent, event: Event) -> None:
        with self._lock:
            track = self._tracks.get(sent.stream)
            if track is not None:
                track.settle(event, sent)

    def _track(self, stream: str) -> _Track:
        with self._lock:
            track = self._tracks.get(stream) or _Track()
            self._tracks.put(stream, track)
            return track

    def _held(self, track: _Track, is_new: bool) -> CloudState:
        """What the cloud holds; nothing of use in a new epoch."""
        with self._lock:
            if is_new:
                track.begin_anew()
            return track.held
