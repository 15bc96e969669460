"""Name of an edge in the fleet: its token's, the one that it was given, or its random identity."""

from __future__ import annotations

import re
from typing import Final

from evosplit.shared.errors import UsageError

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What an agent may be called."""
_GENERATED: Final = re.compile(r"[0-9a-f]{16}")
"""As `evosplit.edge.enrolment.note.client_id` makes them."""


def edge_name(holder: str | None, said: str) -> str:
    """The name of an edge: its token's, where tokens have names (``holder``); else what it says.

    Several agents with one token say names of their own: ``gates/north``. Raises UsageError.
    """
    if not NAME.fullmatch(said):
        raise UsageError(f"not the name of an edge: {said[:80]!r} (letters, digits, dots, - and _)")
    if holder is None:
        return said
    return holder if _GENERATED.fullmatch(said) else f"{holder}/{said}"
