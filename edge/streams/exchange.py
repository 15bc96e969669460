"""Exchange of one frame of a stream: as a delta, and again whole where the cloud lacks the base."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from evosplit.edge.link.cloud_answer import CloudAnswer
from evosplit.edge.streams.delta import DeltaSender, Sent
from evosplit.shared.errors import UnknownBaseError
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import Plan

SentAs = Literal["whole", "delta", "refused"]
"""``refused``: as a delta that the cloud could not read, and again whole."""
Again: TypeAlias = Callable[[], Awaitable[Sent]]
"""The same frame as a key frame."""
Ask: TypeAlias = Callable[[bytes, float], Awaitable[CloudAnswer]]
"""The cloud's answer to bytes; the seconds of the frame's deadline that are gone."""

_UNNAMED: Final = ("default", "oip")
"""What frames and tensor requests are recorded under when nobody named their stream."""


@dataclass(frozen=True, eq=False)
class Exchanged:
    """The cloud's answer, and what it took: the bytes of all frames sent for it."""

    reply: CloudAnswer
    wire_bytes: int
    sent_as: SentAs = "whole"


def is_stream(name: str, plan: Plan) -> bool:
    """Whether frames travel as deltas: where the client named the stream, and tensors travel, not pictures.

    Frames without a name are of no one camera, so the last one says nothing of the next.
    """
    return is_named(name) and not any(is_picture(code.codec) for code in plan.wire.values())


def is_named(stream: str) -> bool:
    """Whether a client named it, so that its frames are of one camera."""
    return stream not in _UNNAMED


async def exchange(sender: DeltaSender, sent: Sent, again: Again, ask: Ask) -> Exchanged:
    """Have one frame of the stream answered. Raises what ``again`` and ``ask`` raise."""
    started_s = time.perf_counter()
    try:
        reply = await _told(sender, sent, ask(sent.content, 0.0))
        return Exchanged(reply, len(sent.content), "delta" if sent.base else "whole")
    except UnknownBaseError:
        if not sent.base:
            raise
    key = await again()
    reply = await _told(sender, key, ask(key.content, time.perf_counter() - started_s))
    return Exchanged(reply, len(sent.content) + len(key.content), "refused")


async def _told(sender: DeltaSender, sent: Sent, answer: Awaitable[CloudAnswer]) -> CloudAnswer:
    """Await an answer and tell the sender what became of the frame, whatever it was."""
    event = sender.lost
    try:
        reply = await answer
        event = sender.acknowledged
    except UnknownBaseError:
        event = sender.refused
        raise
    finally:
        event(sent)
    return reply
