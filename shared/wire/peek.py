"""Peek at a frame's head: which model and cut it is of, before anything of it is checked or decoded."""

from __future__ import annotations

from evosplit.shared.wire.frame import CODED_VERSION, MAGIC, MAX_TEXT_BYTES, STREAM_FLAG, STREAM_VERSION
from evosplit.shared.wire.wire_sizes import FRAME_HEAD


def looks_like_frame(content: memoryview) -> bool:
    """Whether bytes begin as those of a frame do."""
    return len(content) >= FRAME_HEAD.size and bytes(content[: len(MAGIC)]) == MAGIC


def frame_place(content: memoryview) -> bytes | None:
    """Equal for frames of the same model and cut, if they are what they look like; None in a stream.

    Frames of a stream build on each other, so that the order in which they are decoded matters. ``content``
    has at least the bytes of a frame's head, as `looks_like_frame` says.
    """
    _, version, flags, _, _, sha256, id_bytes, key_bytes = FRAME_HEAD.unpack_from(content)
    if version == STREAM_VERSION or (version >= CODED_VERSION and flags & STREAM_FLAG):
        return None
    start = FRAME_HEAD.size + min(id_bytes, MAX_TEXT_BYTES)
    cut_key = bytes(content[start : start + min(key_bytes, MAX_TEXT_BYTES)])
    return b"%c%c%b%b" % (version, flags, sha256, cut_key)
