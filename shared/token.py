"""Bearer tokens: make one, keep it where only its owner can read it, find it in a request."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from evosplit.shared.errors import AuthError, UsageError

TOKEN_VARIABLE: Final = "EVOSPLIT_TOKEN"  # noqa: S105 - the name of a variable, not a secret


def generate_token() -> str:
    """256 random bits, safe in a URL and in a header."""
    return secrets.token_urlsafe(32)


def read_token(path: Path) -> str:
    """The token in a file, without the space around it. Raises UsageError."""
    try:
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "not text"
        raise UsageError(f"cannot read the token file {path}: {reason}") from None
    return _checked(text, str(path))


def store_token(path: Path, token: str) -> None:
    """Write a new file of mode 0600. Raises UsageError if it is there already or cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(token + "\n")
    except OSError as problem:
        raise UsageError(f"cannot write the token file {path}: {problem.strerror}") from None


def given_token(token_file: Path | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The token of ``--token-file`` or else of ``EVOSPLIT_TOKEN``; None where neither is given."""
    if token_file is not None:
        return read_token(token_file)
    text = environment.get(TOKEN_VARIABLE, "").strip()
    return _checked(text, TOKEN_VARIABLE) if text else None


def stored_token(path: Path) -> tuple[str, bool]:
    """The token kept at ``path``, generated on first use; and whether it is new."""
    if path.exists():
        return read_token(path), False
    token = generate_token()
    store_token(path, token)
    return token, True


def bearer(token: str) -> dict[str, str]:
    """The request header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def bearer_of(authorization: str | None) -> str:
    """The token in an ``Authorization`` header. Raises AuthError where there is none."""
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise AuthError("a bearer token is needed: send the header Authorization: Bearer TOKEN")
    return given.strip()


def _checked(text: str, place: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError(f"the token in {place} is empty or not one word of printable ASCII")
    return text
