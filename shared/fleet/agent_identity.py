"""Identity of an agent: a random one that stays with its data folder, or the name that it was given."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import UsageError

FILE: Final = "agent-id"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_GENERATED: Final = re.compile(r"edge-[0-9a-f]{8}")


def kept_identity(data: Path) -> str:
    """The identity in a data folder, made on first use. Raises UsageError."""
    place = data / FILE
    try:
        kept = place.read_text(encoding="ascii", errors="replace").strip() if place.exists() else ""
        if _GENERATED.fullmatch(kept):
            return kept
        made = f"edge-{secrets.token_hex(4)}"
        write_whole(place, made.encode(), durable=True)
    except OSError as problem:
        raise UsageError(f"cannot keep the agent's identity in {place}: {problem.strerror}") from None
    return made


def edge_name(holder: str | None, said: str) -> str:
    """The name of an edge: its token's, where tokens have names (``holder``); else what it says.

    Several agents with one token say names of their own: ``gates/north``. Raises UsageError.
    """
    if not NAME.fullmatch(said):
        raise UsageError(f"not the name of an edge: {said[:80]!r} (letters, digits, dots, - and _)")
    if holder is None:
        return said
    return holder if _GENERATED.fullmatch(said) else f"{holder}/{said}"
