"""`evosplit compare` and `evosplit table`: their JSON contract, tables, plots, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evosplit.cli.main import main
from tests.models import branch_net, chain_net, residual_net, save

STRATEGIES = [
    *("ours", "neurosurgeon", "qdmp", "qdmp-quantised", "auto-split"),
    *("u8", "edge", "cloud16", "cloud-jpeg"),
]
FIELDS = {"strategy", "latency_s", "wire_bytes", "edge_model_bytes", "error", "cut", "feasible"}
CARD = """version: 1
name: a test
input: {colour: RGB, resize: {kind: stretch}, scale: 1/255}
output: {kind: raw}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("devices", ["paper", "published", "measured"])
def test_compare_has_a_row_for_every_strategy(tmp_path: Path, devices: str) -> None:
    model = save(residual_net(), tmp_path)
    model.with_suffix(".yaml").write_text(CARD)
    asked = ("--devices", devices, "--bandwidth", "3mbit", "--max-error", 0.1)
    data = run_json("compare", model, *asked, "--calibration", "noise")
    assert data["calibration"] == "noise"
    assert data["devices"] == devices
    assert data["bandwidth_bps"] == 3e6
    rows = {row["strategy"]: row for row in data["rows"]}
    assert list(rows) == STRATEGIES
    assert all(row.keys() == FIELDS for row in rows.values())
    assert rows["ours"]["feasible"]
    within = [row["latency_s"] for row in rows.values() if row["feasible"]]
    assert rows["ours"]["latency_s"] <= min(within) * (1 + 1e-9)
    assert rows["cloud-jpeg"]["wire_bytes"] > 0
    assert rows["edge"]["wire_bytes"] == rows["cloud16"]["edge_model_bytes"] == 0


def test_without_inputs_quantised_strategies_are_not_within_the_limits(tmp_path: Path) -> None:
    model = save(residual_net(), tmp_path)
    model.with_suffix(".yaml").write_text(CARD)
    result = run("compare", model, "--bandwidth", "3mbit", "--json")
    data, said = json.loads(result.stdout), " ".join(result.stderr.split())
    assert "no calibration inputs, so float weights, 8 bits or more on the wire" in said
    assert data["calibration"] == "none"
    rows = {row["strategy"]: row for row in data["rows"]}
    assert [rows[name]["feasible"] for name in ("ours", "edge", "u8")] == [True, True, False]
    assert rows["cloud-jpeg"]["latency_s"] is None
    within = [row["latency_s"] for row in rows.values() if row["feasible"]]
    assert rows["ours"]["latency_s"] <= min(within) * (1 + 1e-9)


def test_compare_keeps_to_the_memory(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    data = run_json("compare", model, "--devices", "paper", "--bandwidth", "1mbit", "--memory", "2kB")
    rows = {row["strategy"]: row for row in data["rows"]}
    assert rows["ours"]["edge_model_bytes"] <= 2000
    assert not rows["edge"]["feasible"]


def test_compare_prints_a_table_and_draws(tmp_path: Path) -> None:
    plot = tmp_path / "bars.svg"
    model = save(chain_net(), tmp_path)
    result = run("compare", model, "--devices", "paper", "--bandwidth", "3mbit", "--plot", plot)
    assert result.exit_code == 0, result.stderr
    assert "neurosurgeon" in result.stdout
    assert plot.read_text().lstrip().startswith("<?xml")


def test_compare_cannot_draw_a_text_file(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    plot = tmp_path / "bars.txt"
    result = run("compare", model, "--devices", "paper", "--bandwidth", "3mbit", "--plot", plot)
    assert result.exit_code == 2
    assert result.stderr.strip().splitlines()[-1].startswith("evosplit: cannot draw a .txt")


@pytest.mark.parametrize("devices", ["paper", "measured"])
def test_table_has_one_plan_more_than_breakpoints(tmp_path: Path, devices: str) -> None:
    data = run_json("table", save(branch_net(), tmp_path), "--devices", devices, "--max-error", 0.1)
    assert len(data["plans"]) == len(data["breakpoints_bps"]) + 1
    assert data["breakpoints_bps"] == sorted(data["breakpoints_bps"])
    for plan in data["plans"]:
        assert plan["latency_s"]["total"] == pytest.approx(
            sum(plan["latency_s"][part] for part in ("edge", "uplink", "cloud"))
        )
        assert set(plan["wire_bits"]) == set(plan["cut"]["boundary"])
    assert data["rtt_s"] == (0 if devices == "paper" else 0.02)


def test_table_prints(tmp_path: Path) -> None:
    result = run("table", save(chain_net(), tmp_path), "--devices", "paper")
    assert result.exit_code == 0, result.stderr
    assert "over bandwidth" in result.stdout
    assert "without a link" in result.stdout


@pytest.mark.parametrize(
    "wrong",
    [
        ("--bandwidth", "0mbit"),
        ("--bandwidth", "-3mbit"),
        ("--bandwidth", "3mbit", "--devices", "abacus"),
        ("--bandwidth", "3mbit", "--max-error", "-1"),
        (),
    ],
)
def test_compare_refuses_wrong_usage(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    result = run("compare", save(chain_net(), tmp_path), *wrong)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--measured", "--devices", "paper"), "goes without --devices"),
        (("--measured", "--slowdown", "0.5"), "--slowdown is 1 or more"),
        (("--measured", "--uplinks", "1mbit,fast"), "name a link"),
        (("--bandwidth", "3mbit", "--max-drop", "1"), "but with --measured"),
    ],
)
def test_what_cannot_be_played_is_wrong_usage(tmp_path: Path, wrong: tuple[str, ...], said: str) -> None:
    model = save(residual_net(), tmp_path)
    model.with_suffix(".yaml").write_text(CARD)
    result = run("compare", model, *wrong)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_measuring_needs_pictures(tmp_path: Path) -> None:
    model = save(residual_net(), tmp_path)
    model.with_suffix(".yaml").write_text(CARD)
    result = run("compare", model, "--measured", "--max-error", 0.1)
    assert result.exit_code != 0
    assert "needs pictures to play" in " ".join(result.stderr.split())
