"""The audit log: whole lines, bounded size, several writers, and no flood of strangers."""

from __future__ import annotations

import json
import stat
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from evosplit.shared.security.audit_log import FILES, REFUSALS_AT_ONCE, AuditLog


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "audit.jsonl"


def test_who_what_when_and_the_result(path: Path) -> None:
    log = AuditLog(path, clock=lambda: 1_800_000_000.5)
    log.write("gate-7", "POST /v1/models/gate/plans", 200, "192.0.2.7")
    log.write("cloud", "bundle ab", "accepted")
    when = "2027-01-15T08:00:00.500+00:00"
    first = {"when": when, "who": "gate-7", "what": "POST /v1/models/gate/plans", "result": 200}
    second = {"when": when, "who": "cloud", "what": "bundle ab", "result": "accepted"}
    assert lines(path) == [first | {"from": "192.0.2.7"}, second]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_never_grows_beyond_its_bound_and_keeps_the_latest(path: Path) -> None:
    log = AuditLog(path, most_bytes=1000)
    for number in range(200):
        log.write("x", f"GET /{number}", 200)
    kept = sorted(path.parent.glob("audit.jsonl*"), key=lambda each: each.stat().st_mtime_ns)
    assert len(kept) == FILES
    assert all(each.stat().st_size <= 1000 for each in kept)
    order = [path, *(Path(f"{path}.{number}") for number in range(1, FILES))]
    said = [line["what"] for each in reversed(order) for line in lines(each)]
    assert said == [f"GET /{number}" for number in range(200 - len(said), 200)]


def test_several_writers_lose_nothing(path: Path) -> None:
    logs = [AuditLog(path, most_bytes=4000) for _ in range(4)]

    def work(name: str, log: AuditLog) -> None:
        for number in range(20):
            log.write(name, f"{number}", 200)

    threads = [threading.Thread(target=work, args=(f"{at}", log)) for at, log in enumerate(logs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [(line["who"], line["what"]) for each in path.parent.glob("audit.jsonl*") for line in lines(each)]
    assert sorted(said) == sorted((f"{at}", f"{number}") for at in range(4) for number in range(20))


def test_refusals_do_not_push_the_rest_out(path: Path) -> None:
    log = AuditLog(path)
    for _ in range(1000):
        log.write("-", "GET /v2", 401, "203.0.113.9")
    log.write("gate-7", "GET /v1/bundles/x", 200)
    said = lines(path)
    assert REFUSALS_AT_ONCE <= len(said) - 1 < REFUSALS_AT_ONCE + 20
    assert said[-1]["not_recorded"] == 1000 - (len(said) - 1)


@given(some.text(max_size=2000), some.text(max_size=2000))
def test_any_text_is_one_line(who: str, what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        AuditLog(path).write(who, what, what)
        assert path.read_bytes().count(b"\n") == 1
        (said,) = lines(path)
        assert said["what"] == what[:300]


def test_a_disk_that_cannot_be_written_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").write_text("a file")
    AuditLog(tmp_path / "data" / "audit.jsonl").write("x", "y", 200)
    assert "the audit log cannot be written: " in caplog.text
