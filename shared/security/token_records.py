"""Records of access tokens: name, hash, scopes, expiry and revocation; never a token itself.

A token is 256 random bits, so one round of SHA-256 is enough to keep it: there is nothing to guess from.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Final

from evosplit.shared.errors import NotFoundError, UsageError
from evosplit.shared.security.scopes import EDGE_SCOPES, Holder, Scope

FORMAT: Final = 1
ADMIN_NAME: Final = "admin"
"""The holder of the single token that a tier is started with."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class TokenRecord:
    """One token. Times are Unix seconds; None: never. ``sha256`` is hexadecimal."""

    name: str
    sha256: str
    created_s: float
    scopes: tuple[Scope, ...] = EDGE_SCOPES
    expires_s: float | None = None
    revoked_s: float | None = None
    rate_per_s: float | None = None

    @property
    def holder(self) -> Holder:
        """Whoever shows the token."""
        return Holder(self.name, frozenset(self.scopes), self.rate_per_s)

    def state(self, now_s: float) -> str:
        """``valid``, ``expired`` or ``revoked``."""
        if self.revoked_s is not None and self.revoked_s <= now_s:
            return "revoked"
        return "expired" if self.expires_s is not None and self.expires_s <= now_s else "valid"


@dataclass(frozen=True)
class TokenRecords:
    """All records of a tier, in the order in which they were made. Every method gives new records."""

    tokens: tuple[TokenRecord, ...] = ()
    format: int = FORMAT

    def added(self, record: TokenRecord) -> TokenRecords:
        """With another one. Raises UsageError for a name that is none, or one that is valid already."""
        if not _NAME.fullmatch(record.name) or record.name == ADMIN_NAME:
            raise UsageError(f"not a name for a token: {record.name!r} (letters, digits, dots, - and _)")
        if any(record.name == kept.name for kept in self._valid(record.created_s)):
            raise UsageError(f"there is a token {record.name} already: rotate or revoke it")
        return replace(self, tokens=(*self.tokens, record))

    def revoked(self, name: str, revoked_s: float, now_s: float) -> TokenRecords:
        """Without the valid tokens of a name from a time on. Raises NotFoundError."""
        ended = {record for record in self._valid(now_s) if record.name == name}
        if not ended:
            raise NotFoundError(f"no valid token {name!r} here")
        kept = (replace(token, revoked_s=revoked_s) if token in ended else token for token in self.tokens)
        return replace(self, tokens=tuple(kept))

    def latest(self, name: str) -> TokenRecord:
        """The newest token of a name. Raises NotFoundError."""
        named = [record for record in self.tokens if record.name == name]
        if not named:
            raise NotFoundError(f"no token {name!r} here")
        return named[-1]

    def _valid(self, now_s: float) -> list[TokenRecord]:
        return [record for record in self.tokens if record.state(now_s) == "valid"]


def token_hash(token: str) -> str:
    """SHA-256 of a token, hexadecimal."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
