"""`evosplit tokens`: the token on standard output, one line on standard error, the hash in the file."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from evosplit.cli.main import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["tokens", *(str(argument) for argument in arguments)])


def listed(folder: Path) -> list[dict]:
    return json.loads(run("list", "--data", folder, "--json").stdout)["tokens"]


def test_from_the_first_token_to_the_last(tmp_path: Path) -> None:
    assert listed(tmp_path) == []
    made = run("add", "gate-7", "--scopes", "infer,read", "--expires", "90d", "--rate", 5, "--data", tmp_path)
    token = made.stdout.strip()
    assert len(token) >= 40
    (row,) = listed(tmp_path)
    assert (row["name"], row["scopes"], row["state"], row["rate_per_s"]) == (
        *("gate-7", ["infer", "read"], "valid", 5.0),
    )
    assert row["expires_s"] - row["created_s"] == 90 * 86400
    other = run("rotate", "gate-7", "--data", tmp_path).stdout.strip()
    assert other != token
    assert [row["state"] for row in listed(tmp_path)] == ["revoked", "valid"]
    assert run("revoke", "gate-7", "--data", tmp_path).stderr == "the token gate-7 is revoked\n"
    table = run("list", "--data", tmp_path).stdout
    assert table.count("revoked") == 2
    assert token not in table + (tmp_path / "tokens.json").read_text()


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    for arguments, line in (
        (("revoke", "x"), "evosplit: no valid token 'x' here"),
        (("rotate", "x"), "evosplit: no token 'x' here"),
        (("add", "admin"), "evosplit: not a name for a token: 'admin' (letters, digits, dots, - and _)"),
    ):
        result = run(*arguments, "--data", tmp_path)
        assert result.exit_code != 0
        assert result.stderr.splitlines() == [line]
    assert "no scope 'x'" in run("add", "gate", "--scopes", "x", "--data", tmp_path).stderr
