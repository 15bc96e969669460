"""Bearer tokens."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from evosplit.shared.errors import AuthError, UsageError
from evosplit.shared.token import (
    bearer,
    bearer_of,
    generate_token,
    given_token,
    read_token,
    store_token,
    stored_token,
)


def test_a_token_is_generated_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "token"
    token, is_new = stored_token(place)
    assert is_new
    assert stored_token(place) == (token, False)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert len(token) >= 40


def test_tokens_differ() -> None:
    assert generate_token() != generate_token()


def test_a_stored_token_is_never_overwritten(tmp_path: Path) -> None:
    store_token(tmp_path / "token", "a")
    with pytest.raises(UsageError, match="cannot write"):
        store_token(tmp_path / "token", "b")


def test_the_file_beats_the_variable(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" one \n")
    environment = {"EVOSPLIT_TOKEN": "two"}
    assert given_token(tmp_path / "token", environment) == "one"
    assert given_token(None, environment) == "two"
    assert given_token(None, {}) is None


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"\xff", b"a\0b"])
def test_files_that_hold_no_token(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(UsageError, match="token"):
        read_token(tmp_path / "token")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the token file .*gone: No such file"):
        read_token(tmp_path / "gone")


def test_the_token_of_a_header() -> None:
    assert bearer_of(bearer("secret")["Authorization"]) == "secret"
    assert bearer_of("bearer  secret ") == "secret"
    with pytest.raises(AuthError, match="is needed"):
        bearer_of("Basic secret")
