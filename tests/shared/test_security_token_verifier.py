"""Tokens with scopes: records, their file, and who is let in."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from evosplit.shared.errors import AuthError, ForbiddenError, NotFoundError, RateLimitError, UsageError
from evosplit.shared.security.scopes import SCOPES, Holder, parse_scopes
from evosplit.shared.security.token_file import (
    add_token,
    read_records,
    revoke_token,
    rotate_token,
    token_file,
)
from evosplit.shared.security.token_records import TokenRecord, TokenRecords, token_hash
from evosplit.shared.security.token_verifier import LOOK_S, TokenVerifier
from evosplit.shared.token import bearer


class Clock:
    """Seconds that go by when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return token_file(tmp_path / "data")


@pytest.fixture
def verifier(path: Path, clock: Clock) -> TokenVerifier:
    return TokenVerifier("the-admin", path, clock, clock)


def shown(token: str) -> str:
    return bearer(token)["Authorization"]


def record(name: str = "gate", **more: object) -> TokenRecord:
    return TokenRecord(name, "", 1000.0, **more)


def test_the_single_token_may_everything(verifier: TokenVerifier) -> None:
    holder = verifier.holder("bearer  the-admin ")
    assert holder.name == "admin"
    for scope in SCOPES:
        holder.check({scope})


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic secret", "the-admin"])
def test_a_missing_token_is_asked_for(verifier: TokenVerifier, header: str | None) -> None:
    with pytest.raises(AuthError, match="is needed"):
        verifier.holder(header)


@pytest.mark.parametrize("given", ["wrong", "the-admi", "the-admins", "thé-admin", "\udcff"])
def test_a_wrong_token_is_refused(verifier: TokenVerifier, given: str) -> None:
    with pytest.raises(AuthError, match="wrong"):
        verifier.holder(f"Bearer {given}")


@pytest.mark.parametrize("scope", SCOPES)
def test_scopes(path: Path, verifier: TokenVerifier, scope: str) -> None:
    holder = verifier.holder(shown(add_token(path, record(scopes=(scope,)))))
    for needed in SCOPES:
        if scope in (needed, "admin"):
            holder.check({needed})
        else:
            with pytest.raises(ForbiddenError, match=f"^the token gate lacks the scope {needed}$"):
                holder.check({needed})


def test_only_the_owner_reads_the_file_and_no_token_is_in_it(path: Path) -> None:
    tokens = [add_token(path, record()), rotate_token(path, "gate", 1001.0)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_text()
    assert all(token not in content for token in tokens)
    assert all(token_hash(token) in content for token in tokens)


def test_a_revoked_token_is_refused_within_a_second(
    path: Path, verifier: TokenVerifier, clock: Clock
) -> None:
    token = add_token(path, record())
    assert verifier.holder(shown(token)).name == "gate"
    revoke_token(path, "gate", clock())
    clock.wait(LOOK_S)
    with pytest.raises(AuthError, match=r"^the token gate is revoked$"):
        verifier.holder(shown(token))
    with pytest.raises(NotFoundError, match="no valid token 'gate'"):
        revoke_token(path, "gate", clock())


def test_an_expired_token_is_refused(path: Path, verifier: TokenVerifier, clock: Clock) -> None:
    token = add_token(path, record(expires_s=1010.0))
    verifier.holder(shown(token))
    clock.wait(10)
    with pytest.raises(AuthError, match=r"^the token gate is expired$"):
        verifier.holder(shown(token))


def test_a_rotated_token_takes_over_after_the_grace(
    path: Path, verifier: TokenVerifier, clock: Clock
) -> None:
    old = add_token(path, record(scopes=("read",), expires_s=5000.0, rate_per_s=9.0))
    clock.wait(100)
    new = rotate_token(path, "gate", clock(), grace_s=60)
    assert verifier.holder(shown(new)) == verifier.holder(shown(old))
    assert read_records(path).latest("gate").expires_s == 5100.0
    clock.wait(60)
    assert verifier.holder(shown(new)).name == "gate"
    with pytest.raises(AuthError, match="is revoked"):
        verifier.holder(shown(old))


def test_a_token_without_a_file_is_wrong_and_a_broken_file_changes_nothing(
    path: Path, verifier: TokenVerifier, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    token = add_token(path, record())
    verifier.holder(shown(token))
    path.write_text("{")
    clock.wait(LOOK_S)
    assert verifier.holder(shown(token)).name == "gate"
    assert "stay as they are" in caplog.text
    path.unlink()
    clock.wait(LOOK_S)
    with pytest.raises(AuthError, match="wrong"):
        verifier.holder(shown(token))


def test_a_rate_is_held(path: Path, verifier: TokenVerifier, clock: Clock) -> None:
    token = add_token(path, record(rate_per_s=5.0))
    for _ in range(10):
        verifier.holder(shown(token))
    with pytest.raises(RateLimitError, match=r"^the token gate may ask 5 times a second$") as refused:
        verifier.holder(shown(token))
    assert refused.value.wait_s == pytest.approx(0.2)
    clock.wait(0.2)
    verifier.holder(shown(token))
    with pytest.raises(RateLimitError):
        verifier.holder(shown(token))


@given(some.floats(0.5, 50), some.lists(some.floats(0, 2), max_size=60))
def test_never_more_than_a_burst_and_the_rate(rate_per_s: float, gaps_s: list[float]) -> None:
    """The slow oracle counts, over every window of the accepted requests."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        path = token_file(Path(folder))
        token = add_token(path, record(rate_per_s=rate_per_s))
        verifier = TokenVerifier("the-admin", path, clock, clock)
        accepted: list[float] = []
        for gap_s in gaps_s:
            clock.wait(gap_s)
            try:
                verifier.holder(shown(token))
            except RateLimitError:
                continue
            accepted.append(clock())
    most = max(2 * rate_per_s, 1.0)
    for first, start_s in enumerate(accepted):
        for last in range(first, len(accepted)):
            assert last - first + 1 <= most + rate_per_s * (accepted[last] - start_s) + 1e-6


@pytest.mark.parametrize("name", ["", "admin", "a b", "-x", "x" * 65, "a\n"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        TokenRecords().added(record(name))


def test_a_name_is_valid_once_at_a_time() -> None:
    records = TokenRecords().added(record())
    with pytest.raises(UsageError, match="rotate or revoke it"):
        records.added(record())
    records.revoked("gate", 1000.0, 1000.0).added(record())


def test_scopes_as_text() -> None:
    assert parse_scopes("infer, read,infer") == ("infer", "read")
    with pytest.raises(UsageError, match="no scope 'write'; there are infer, plan, read, admin"):
        parse_scopes("write")


def test_either_of_several_scopes_is_enough() -> None:
    Holder("x", frozenset({"plan"})).check({"read", "plan"})
    with pytest.raises(ForbiddenError, match="plan or read"):
        Holder("x", frozenset({"infer"})).check({"read", "plan"})
