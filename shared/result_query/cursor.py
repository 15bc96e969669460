"""Cursors of result pages: the place of the last result that was seen, as an opaque text."""

from __future__ import annotations

import base64
import binascii

from evosplit.shared.errors import UsageError


def cursor_of(sequence: int) -> str:
    """The cursor of a place."""
    return base64.urlsafe_b64encode(f"s{sequence}".encode()).decode().rstrip("=")


def event_place(text: str) -> int:
    """The place that the id of an event names. Raises UsageError."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise UsageError(f"not the id of an event: {text[:40]!r}")
    return int(text)


def sequence_of(cursor: str) -> int:
    """The place that a cursor names. Raises UsageError."""
    try:
        mark, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).partition(b"s")
        sequence = int(number)
    except (ValueError, binascii.Error):
        mark, sequence = b"?", 0
    if mark or not 0 <= sequence < 2**63:
        raise UsageError(f"not a cursor of this store: {cursor[:80]!r}")
    return sequence
