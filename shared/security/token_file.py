"""File of token records (JSON, mode 0600), changed under a lock."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import UsageError
from evosplit.shared.security.token_records import TokenRecord, TokenRecords, token_hash
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.token import generate_token


def token_file(data: Path) -> Path:
    """Where a tier keeps the records, below its data folder."""
    return data / "tokens.json"


def read_records(path: Path) -> TokenRecords:
    """The records, none where there is no file. Raises UsageError for a file that cannot be read."""
    try:
        return from_json(TokenRecords, path.read_bytes(), UsageError)
    except FileNotFoundError:
        return TokenRecords()
    except OSError as problem:
        raise UsageError(f"cannot read the tokens in {path}: {problem.strerror}") from None


def add_token(path: Path, record: TokenRecord) -> str:
    """A new token with the record's name, scopes and limits; the only time that it is seen."""
    token = generate_token()
    _change(path, lambda records: records.added(replace(record, sha256=token_hash(token))))
    return token


def rotate_token(path: Path, name: str, now_s: float, grace_s: float = 0.0) -> str:
    """Another token in the place of the one of that name, which is refused after ``grace_s``."""
    token = generate_token()

    def change(records: TokenRecords) -> TokenRecords:
        old = records.latest(name)
        new = replace(old, sha256=token_hash(token), created_s=now_s, expires_s=_extended(old, now_s))
        ended = records.revoked(name, now_s + grace_s, now_s)
        return replace(ended, tokens=(*ended.tokens, replace(new, revoked_s=None)))

    _change(path, change)
    return token


def revoke_token(path: Path, name: str, now_s: float) -> None:
    """Refuse the tokens of a name from now on. Raises NotFoundError."""
    _change(path, lambda records: records.revoked(name, now_s, now_s))


def _extended(old: TokenRecord, now_s: float) -> float | None:
    """The same lifetime again."""
    return None if old.expires_s is None else now_s + old.expires_s - old.created_s


def _change(path: Path, change: Callable[[TokenRecords], TokenRecords]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            write_whole(path, to_json(change(read_records(path))), durable=True, mode=0o600)
    except OSError as problem:
        raise UsageError(f"cannot write the tokens to {path}: {problem.strerror}") from None
