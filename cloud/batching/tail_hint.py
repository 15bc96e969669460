"""Batch key of a request, guessed from its first bytes, so that equals wait together before any is decoded.

The turn that decodes a frame then also runs it: no thread of its own, and no way there and back, which cost
more than decoding most frames does. It is a guess: what was decoded is told apart again before it runs.
"""

from __future__ import annotations

from typing import Final

from evosplit.shared.oip import PICTURE_INPUT, SIZED_PICTURE_INPUT
from evosplit.shared.wire.peek import frame_place, looks_like_frame

LARGEST_FRAME_BYTES: Final = 2**18
"""Larger ones are worth a thread that decodes while others run."""
_LARGEST_HEAD_BYTES: Final = 2**12
"""Numbers written as JSON, or many tensors: not quickly parsed."""
_SLOWLY_READ: Final = tuple(word.encode() for word in (PICTURE_INPUT, SIZED_PICTURE_INPUT, "BYTES"))


def tail_hint(body: bytes | memoryview, header_length: int | None) -> bytes | None:
    """Equal for requests that run on the same tail, if all is right; None where decoding takes long.

    Whole models of other versions, and frames with other restorations, may have the same.
    """
    if header_length is None or not 0 < header_length <= min(len(body), _LARGEST_HEAD_BYTES):
        return None
    raw = memoryview(body)[header_length:]
    if looks_like_frame(raw):
        return frame_place(raw) if len(raw) <= LARGEST_FRAME_BYTES else None
    head = bytes(body[:header_length])
    return None if any(word in head for word in _SLOWLY_READ) else b""
