"""`evosplit pareto`: the contract of its JSON, its table and its picture."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from evosplit.cli.main import main
from tests.models import residual_net, save


def run(tmp_path: Path, *arguments: object) -> Result:
    model = save(residual_net(), tmp_path)
    given = ("pareto", model, "--bandwidth", "1mbit", "--slowdown", 8, *arguments)
    return CliRunner().invoke(main, [str(argument) for argument in given])


def test_json_lists_points_that_do_not_dominate_each_other(tmp_path: Path) -> None:
    result = run(tmp_path, "--json")
    assert result.exit_code == 0, result.stderr
    data = json.loads(result.stdout)
    points = data["points"]
    assert points
    names = {"latency_s", "edge_memory_bytes", "error", "cut", "wire_bytes", "plan"}
    assert all(set(point) == names and len(point["plan"]) == 64 for point in points)
    merits = [(point["latency_s"], point["edge_memory_bytes"], point["error"]) for point in points]
    assert not any(
        one != other and all(a <= b for a, b in zip(one, other, strict=True))
        for one in merits
        for other in merits
    )
    assert data["resolution"] == 0.25


def test_table_and_picture(tmp_path: Path) -> None:
    path = tmp_path / "front.svg"
    result = run(tmp_path, "--plot", path)
    assert result.exit_code == 0, result.stderr
    assert "edge memory" in result.stdout
    assert b"<svg" in path.read_bytes()


def test_simulated_devices(tmp_path: Path) -> None:
    assert (
        run(tmp_path, "--devices", "paper", "--max-error", "0.01", "--resolution", 1, "--json").exit_code == 0
    )


def test_one_line_for_what_cannot_be(tmp_path: Path) -> None:
    result = run(tmp_path, "--memory", "1B")
    assert result.exit_code != 0
    assert "memory" in result.stderr.splitlines()[-1]
    assert run(tmp_path, "--plot", tmp_path / "front.xyz").exit_code == 2
    assert run(tmp_path, "--resolution", "0").exit_code == 2
