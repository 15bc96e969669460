"""An agent's settings from options, environment and file: who has the say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from evosplit.edge.settings import LEARNED, EdgeSettings
from evosplit.shared.errors import UsageError
from evosplit.shared.fleet.place import Place

GIVEN = {"cloud_url": "http://cloud:8000", "model": "net"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "edge.env"
    path.write_text(
        "EVOSPLIT_EDGE_CLOUD_URL=http://from-file\nEVOSPLIT_EDGE_MODEL=net\n# a remark\n"
        "EVOSPLIT_EDGE_PORT=1\nEVOSPLIT_TOKEN=of-something-else\n"
    )
    return path


def test_an_option_beats_the_environment_which_beats_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EdgeSettings(_env_file=file).port == 1
    monkeypatch.setenv("EVOSPLIT_EDGE_PORT", "2")
    assert EdgeSettings(_env_file=file).port == 2
    assert EdgeSettings(_env_file=file, port=3).port == 3
    assert EdgeSettings(_env_file=file).cloud_url == ("http://from-file",)


def test_texts_are_read_as_the_options_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "MEMORY_BYTES": "64MB",
        "HOOK_KINDS": "exit, skip",
        "REGION": "0.2,0.5,0.8,1",
        "PRIVATE": "true",
        "PLACE": "North gate 51.5,-0.12",
        "MAX_ERROR": "",
    }.items():
        monkeypatch.setenv(f"EVOSPLIT_EDGE_{name}", text)
    settings = EdgeSettings(**GIVEN)
    assert (settings.memory_bytes, settings.hook_kinds) == (64 * 10**6, ("exit", "skip"))
    assert settings.place == Place(51.5, -0.12, "North gate")
    assert (settings.region, settings.depth, settings.max_error) == ((0.2, 0.5, 0.8, 1.0), 1, None)


def test_what_is_not_said_is_as_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    settings = EdgeSettings(**GIVEN)
    assert settings.folder == tmp_path / "evosplit" / "edge" / "net"
    assert (settings.hook_kinds, settings.memory_bytes, settings.port) == (LEARNED, None, 9000)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("EVOSPLIT_EDGE_PROT=1", "setting prot: extra inputs are not permitted"),
        ("EVOSPLIT_EDGE_PORT=many", "setting port: input should be a valid integer"),
        ("EVOSPLIT_EDGE_THREADS=0", "setting threads: input should be greater than or equal to 1"),
        ("EVOSPLIT_EDGE_MEMORY_BYTES=much", "much"),
        ("EVOSPLIT_EDGE_HOOK_KINDS=luck", "'luck' is not one of exit"),
        ("EVOSPLIT_EDGE_REGION=0.5,0.5", "not a region"),
        ("EVOSPLIT_EDGE_FOLLOW_SHIFT=1", "needs --change-threshold"),
        ("EVOSPLIT_EDGE_REGION=0.5,0.5,0.4,1", "left < right"),
        ("EVOSPLIT_EDGE_PLACE=London", "not a place: 'London'"),
        ("EVOSPLIT_EDGE_PROVIDER=abacus", "setting provider"),
    ],
)
def test_a_wrong_line_is_wrong_usage(file: Path, line: str, said: str) -> None:
    file.write_text(f"{file.read_text()}{line}\n")
    with pytest.raises(UsageError, match=said):
        EdgeSettings(_env_file=file)


def test_a_setting_that_is_missing_is_named() -> None:
    with pytest.raises(UsageError, match="setting model: field required"):
        EdgeSettings(cloud_url="http://cloud:8000")
