"""`evosplit models`: what is tried, promoted and rolled back, in the file that a cloud follows."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from evosplit.cli.main import main
from evosplit.cloud.repository.catalogue import Catalogue, ModelEntry
from evosplit.cloud.repository.layout import ModelKey
from evosplit.cloud.repository.trial_reports import TrialReports
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.shared.rollout import Trial


def run(folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["models", *map(str, arguments), "--data", str(folder)])


def listed(folder: Path) -> dict:
    (row,) = json.loads(run(folder, "list", "--json").stdout)["models"]
    return row


def served(folder: Path) -> VersionStore:
    """The store of a cloud that serves one model."""
    store, key = VersionStore(folder), ModelKey("gate")
    store.settle(Catalogue().with_entry(ModelEntry(key, Path("gate.onnx"), "0" * 64, 1)))
    return store


def test_a_version_is_tried_and_promoted(tmp_path: Path) -> None:
    store = served(tmp_path)
    assert (listed(tmp_path)["in_use"], listed(tmp_path)["canary"]) == ("1", None)
    said = run(tmp_path, "canary", "gate", 2, "--share", "25%", "--agreement", "0.9").stderr
    assert said == "gate: version 1 is in use, version 2 for 25%\n"
    trial = Trial().answered(True, True).answered(False, False).agreed(0.5)
    TrialReports(tmp_path).write("gate", store.read()["gate"], trial)
    tried = listed(tmp_path)["canary"]
    assert (tried["version"], tried["share"], tried["least_agreement"]) == ("2", 0.25, 0.9)
    assert (tried["answers"], tried["errors"], tried["answers_in_use"], tried["agreement"]) == (1, 1, 1, 0.5)
    assert "25%" in run(tmp_path, "list").stdout
    assert run(tmp_path, "promote", "gate").stderr == "gate: version 2 is in use\n"
    assert store.read()["gate"].current == "2"
    assert "models: gate: version 2 is in use" in (tmp_path / "audit.jsonl").read_text()


def test_a_version_is_rolled_back(tmp_path: Path) -> None:
    served(tmp_path)
    run(tmp_path, "canary", "gate", 2)
    assert run(tmp_path, "rollback", "gate").stderr == "gate: version 1 is in use\n"
    assert listed(tmp_path)["rejected"] == [{"version": "2", "reason": "by hand"}]
    assert "2: by hand" in run(tmp_path, "list").stdout


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    served(tmp_path)
    for arguments, line in (
        (("canary", "gone", 2), "evosplit: no model 'gone' has been served here"),
        (("canary", "gate", 1), "evosplit: 1 is in use already"),
        (("canary", "gate", 2, "--share", "100%"), "evosplit: a share is more than 0 % and less than 100 %"),
        (("promote", "gate"), "evosplit: there is no candidate to promote"),
        (("rollback", "gate"), "evosplit: there is no candidate to roll back"),
    ):
        result = run(tmp_path, *arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith(line)
        assert len(result.stderr.splitlines()) == 1
    assert "a share is written as 10% or 0.1" in run(tmp_path, "canary", "gate", 2, "--share", "x").stderr
