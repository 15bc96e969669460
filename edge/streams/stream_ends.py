"""End of streams: which are over, or begin anew, so that their state can go."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final, TypeAlias

from evosplit.shared.lru import Lru

QUIET_S: Final = 600.0
"""After so long without a frame a stream's picture says nothing of its next one."""
MOST_STREAMS: Final = 64

Size: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class _Last:
    seen_s: float
    size: Size


class StreamEnds:
    """Remembers when each stream was last seen, and its pictures' size; times are given by the caller."""

    def __init__(self, quiet_s: float = QUIET_S, most: int = MOST_STREAMS) -> None:
        self._quiet_s = quiet_s
        self._last: Lru[str, _Last] = Lru(most)

    def see(self, stream: str, size: Size, now_s: float) -> tuple[str, ...]:
        """A frame comes; the streams to forget before it is answered.

        Those that were quiet, those for which there is no room any more, and this one where its pictures
        had another size (it is another camera, or looks elsewhere).
        """
        before = self._last.get(stream)
        crowded_out = self._last.put(stream, _Last(now_s, size))
        is_new = before is not None and (before.size != size or now_s - before.seen_s > self._quiet_s)
        last_s = now_s - self._quiet_s
        quiet = tuple(itertools.takewhile(lambda name: self._last[name].seen_s < last_s, self._last))
        for name in quiet:
            self._last.pop(name)
        return (*((stream,) if is_new else ()), *crowded_out, *quiet)
