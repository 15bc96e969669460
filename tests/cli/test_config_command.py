"""`evosplit config`: what it says of a file, what it writes, and what the tiers make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evosplit.cli.main import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("tier", ["edge", "cloud"])
def test_the_example_passes_the_check(tier: str, tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    file.write_text(run("config", "show", "--example", "--tier", tier).stdout)
    told = json.loads(run("config", "check", file, "--json").stdout)
    assert told["tier"] == tier
    assert told["settings"]["host"] == {"value": "127.0.0.1", "from": "default"}


def test_check_says_who_gave_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text("cloud_url: http://x:1\nmodel: net\nport: 9001\n")
    monkeypatch.setenv("EVOSPLIT_EDGE_THREADS", "3")
    settings = json.loads(run("config", "check", file, "--json").stdout)["settings"]
    assert settings["port"] == {"value": 9001, "from": f"{file}, line 3"}
    assert settings["threads"] == {"value": 3, "from": "EVOSPLIT_EDGE_THREADS"}
    assert settings["cloud_url"]["value"] == ["http://x:1"]
    assert "9001" in run("config", "check", file).stdout


def test_a_wrong_file_is_wrong_usage(tmp_path: Path) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text("cloud_url: http://x:1\nmodel: net\nprot: 9001\n")
    result = run("config", "check", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"evosplit: {file}, line 3: there is no setting 'prot'; did you mean port?\n"


def test_show_without_a_file_names_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOSPLIT_EDGE_MODEL", "net")
    settings = json.loads(run("config", "show", "--json").stdout)["settings"]
    assert settings["cloud_url"] == {"value": None, "from": "(needed)"}
    assert settings["model"] == {"value": "net", "from": "EVOSPLIT_EDGE_MODEL"}


@pytest.mark.parametrize("tier", ["edge", "cloud"])
def test_a_tier_takes_the_file_and_refuses_a_wrong_one(tier: str, tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    file.write_text("prot: 1\n")
    result = run(tier, "--config", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{file}, line 1: there is no setting 'prot'" in result.stderr


def test_a_file_serves_the_cloud_as_options_do(tmp_path: Path) -> None:
    file = tmp_path / "cloud.yaml"
    file.write_text("models: here\nmin_replicas: 2\nshapes: {net: {x: [1, 3, 8, 8]}}\n")
    by_file = run("cloud", "--config", file, "--kuberay")
    options = ("--models", "here", "--min-replicas", "2", "--shape", "net:x=1x3x8x8", "--kuberay")
    assert by_file.exit_code == 0, by_file.stderr
    assert by_file.stdout == run("cloud", *options).stdout
