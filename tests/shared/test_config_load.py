"""Layers of settings: who has the say, what is refused and with which place, what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from evosplit.cloud.settings import CloudSettings
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.config.example import example_file
from evosplit.shared.config.load import load_settings
from evosplit.shared.config.view import shown_settings
from evosplit.shared.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "edge.yaml"
    path.write_text("cloud_url: http://cloud:8000\nmodel: net\nport: 1\nmemory_bytes: 64MB\n")
    return path


def test_options_before_environment_before_lines_before_file_before_defaults(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tmp_path / "edge.env"
    lines.write_text("EVOSPLIT_EDGE_PORT=2\nEVOSPLIT_TOKEN=of-something-else\n")
    assert load_settings(EdgeSettings, {}, file).settings.port == 1
    assert load_settings(EdgeSettings, {}, file, lines).settings.port == 2
    monkeypatch.setenv("EVOSPLIT_EDGE_PORT", "3")
    assert load_settings(EdgeSettings, {}, file, lines).settings.port == 3
    loaded = load_settings(EdgeSettings, {"port": 4}, file, lines)
    assert (loaded.settings.port, loaded.settings.threads) == (4, 1)
    assert loaded.settings.memory_bytes == 64 * 10**6


def test_who_gave_what(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOSPLIT_EDGE_THREADS", "2")
    loaded = load_settings(EdgeSettings, {"cloud_url": ("http://other",)}, file)
    origins = {each.name: each.origin for each in shown_settings(loaded)}
    assert origins["cloud_url"] == "option --cloud"
    assert origins["threads"] == "EVOSPLIT_EDGE_THREADS"
    assert origins["port"] == f"{file}, line 3"
    assert origins["host"] == "default"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cloud: http://x", "line 5: there is no setting 'cloud'; did you mean cloud_url?"),
        ("thread: 2", "line 5: there is no setting 'thread'; did you mean threads?"),
        ("zzz: 2", "config show --example"),
        ("host: [a]", "line 5: setting host: input should be a valid string"),
        ("threads: 0", "line 5: setting threads: input should be greater than or equal to 1, not '0'"),
        ("threads: many", "line 5: setting threads: input should be a valid integer"),
        ("max_latency_s: 5 bananas", "line 5: max_latency_s: not a duration: '5 bananas'"),
        ("hook_kinds: luck", "line 5: hook_kinds: 'luck' is not one of"),
        ("port: 2", "line 5: port is given twice, first in line 3"),
        ("token: abc", "line 5: token: no secrets here"),
    ],
)
def test_what_is_wrong_has_its_place(file: Path, line: str, said: str) -> None:
    file.write_text(f"{file.read_text()}{line}\n")
    with pytest.raises(UsageError) as wrong:
        load_settings(EdgeSettings, {}, file)
    assert said in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_what_is_wrong_in_the_environment_has_its_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOSPLIT_EDGE_PORT", "many")
    with pytest.raises(UsageError, match="EVOSPLIT_EDGE_PORT: setting port: input should be a valid integer"):
        load_settings(EdgeSettings, {}, file)
    monkeypatch.setenv("EVOSPLIT_EDGE_PORT", "1")
    monkeypatch.setenv("EVOSPLIT_EDGE_SOURCE", "no JSON")
    with pytest.raises(UsageError, match=r"environment: .*source"):
        load_settings(EdgeSettings, {}, file)


def test_what_is_missing_is_named_with_the_ways_to_give_it() -> None:
    said = r"setting model: field required \(give --model, EVOSPLIT_EDGE_MODEL or `model: \.\.\.` in"
    with pytest.raises(UsageError, match=said):
        load_settings(EdgeSettings, {"cloud_url": "http://x"})
    with pytest.raises(UsageError, match=r"setting models: field required \(give --models"):
        load_settings(CloudSettings, {})


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    given = {"cloud_url": "http://x", "model": "net", "token": "very-secret"}
    sources = ("gate=rtsp://user:very-secret@camera/1", "folder/")
    shown = shown_settings(load_settings(EdgeSettings, {**given, "source": sources}))
    values = {each.name: each.value for each in shown}
    assert "very-secret" not in str(values)
    assert values["source"] == ["gate=rtsp://user:...@camera/1", "folder/"]
    given = {"models": tmp_path, "token": "very-secret", "records": "postgresql://a:very-secret@b/c"}
    shown = shown_settings(load_settings(CloudSettings, given))
    assert "very-secret" not in str(shown)


def test_passwords_do_not_come_from_the_clouds_file(tmp_path: Path) -> None:
    file = tmp_path / "cloud.yaml"
    file.write_text("models: here\nrecords: postgresql://a:b@c/d\n")
    with pytest.raises(UsageError, match="line 2: records: no passwords here"):
        load_settings(CloudSettings, {}, file)
    file.write_text("models: here\nrecords: postgresql://a@c/d\nmodel_bytes: 2GB\ndrain_s: 1min\n")
    settings = load_settings(CloudSettings, {}, file).settings
    assert (settings.model_bytes, settings.drain_s) == (2 * 10**9, 60.0)


@pytest.mark.parametrize(
    ("kind", "needed"),
    [(EdgeSettings, {"cloud_url": ["http://x"], "model": "net"}), (CloudSettings, {"models": "here"})],
)
def test_the_example_with_all_its_lines_gives_the_defaults(kind: type, needed: dict, tmp_path: Path) -> None:
    text = example_file(kind, needed, "evosplit it")
    file = tmp_path / "it.yaml"
    file.write_text(text)
    defaults = load_settings(kind, {}, file).settings
    assert defaults == kind(**needed)
    uncommented = [
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
        for line in text.splitlines()
    ]
    file.write_text("\n".join(uncommented))
    assert load_settings(kind, {}, file).settings == defaults
    assert sum(":" in line for line in uncommented if line and not line.startswith("#")) > 20
