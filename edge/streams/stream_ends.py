"""Which streams are over, or begin anew: what is kept of them is of no use any more."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias

QUIET_S: Final = 600.0
"""After so long without a frame a stream's picture says nothing of its next one."""
MOST_STREAMS: Final = 64

Size: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class _Last:
    seen_s: float
    size: Size


class StreamsSeen:
    """Remembers when each stream was last seen, and its pictures' size; times are given by the caller."""

    def __init__(self, quiet_s: float = QUIET_S, most: int = MOST_STREAMS) -> None:
        self._quiet_s = quiet_s
        self._most = most
        self._last: OrderedDict[str, _Last] = OrderedDict()

    def see(self, stream: str, size: Size, now_s: float) -> tuple[str, ...]:
        """A frame comes; the streams to forget before it is answered.

        Those that were quiet, those for which there is no room any more, and this one where its pictures
        had another size (it is another camera, or looks elsewhere).
        """
        before = self._last.get(stream)
        self._last[stream] = _Last(now_s, size)
        self._last.move_to_end(stream)
        is_new = before is not None and (before.size != size or now_s - before.seen_s > self._quiet_s)
        over = [stream] if is_new else []
        while len(self._last) > self._most or self._oldest().seen_s < now_s - self._quiet_s:
            over.append(self._last.popitem(last=False)[0])
        return tuple(over)

    def _oldest(self) -> _Last:
        return next(iter(self._last.values()))
