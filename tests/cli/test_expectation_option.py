"""Plans that count on what an agent's hooks spare, from its own profile at run time."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evosplit.cli.main import main
from tests.models import chain_net, save


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_an_exit_at_the_input_shortens_every_frame(tmp_path: Path) -> None:
    model, profile = save(chain_net(), tmp_path), tmp_path / "edge.json"
    assert run("profile", model, "-o", profile, "--slowdown", 8).exit_code == 0
    asked = ("--bandwidth", "5mbit", "--rtt", "20ms", "--edge", profile, "--cloud", profile, "--json")
    plain = json.loads(run("plan", model, *asked).stdout)
    name = json.loads(run("inspect", model, "--json").stdout)["cuts"][0]["boundary"][0]["name"]
    snapshot = {"frames": 100, "expectation": {"exits": [{"tap": name, "share": 0.75}]}}
    (tmp_path / "runtime.json").write_text(json.dumps(snapshot))
    with_exit = json.loads(run("plan", model, *asked, "--expect", tmp_path / "runtime.json").stdout)
    assert with_exit["exits"] == [name]
    assert with_exit["reach"] == pytest.approx(0.25)
    assert with_exit["latency_s"]["total"] < plain["latency_s"]["total"]
    assert "exits" not in plain


@pytest.mark.parametrize(
    ("content", "status"),
    [("no json", 2), ("[1]", 1), ('{"exits": [{"tap": "x", "share": 2}]}', 1), ('{"wire_share": "a"}', 1)],
)
def test_what_is_no_expectation_is_refused_in_one_line(tmp_path: Path, content: str, status: int) -> None:
    model, path = save(chain_net(), tmp_path), tmp_path / "runtime.json"
    path.write_text(content)
    result = run("plan", model, "--bandwidth", "5mbit", "--expect", path)
    assert result.exit_code == status
    assert "Traceback" not in result.output
    assert len(result.stderr.strip().splitlines()[-1]) > 0
