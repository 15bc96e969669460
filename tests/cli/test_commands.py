"""The command line's contract: JSON and nothing else on standard output, exit status, one clear line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

from evosplit.cli.main import main
from tests.models import branch_net, chain_net, choice_net, residual_net, save


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_inspect_lists_layers_and_cuts(tmp_path: Path) -> None:
    data = run_json("inspect", save(chain_net(), tmp_path))
    assert {"name", "op", "macs", "weight_elements", "output_shape"} <= data["layers"][0].keys()
    assert [cut["index"] for cut in data["cuts"]] == list(range(len(data["layers"]) + 1))
    assert data["cuts"][0]["boundary"][0]["shape"][0] == 1
    assert data["cuts"][-1]["boundary"] == []


def test_inspect_prints_a_table(tmp_path: Path) -> None:
    result = run("inspect", save(branch_net(), tmp_path))
    assert result.exit_code == 0
    assert "Layers of" in result.stdout
    assert "Cuts" in result.stdout


def test_split_writes_head_tail_and_manifest(tmp_path: Path) -> None:
    out = tmp_path / "parts"
    manifest = run_json("split", save(residual_net(), tmp_path), "--cut", 2, "--out", out)
    assert manifest["cut"] == 2
    assert json.loads((out / "manifest.json").read_text()) == manifest
    head, tail = onnx.load(out / "head.onnx"), onnx.load(out / "tail.onnx")
    boundary = [tensor["name"] for tensor in manifest["boundary"]]
    assert set(boundary) <= {value.name for value in head.graph.output}
    assert {value.name for value in tail.graph.input} == set(boundary)


def test_profile_then_plan_from_files(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    profile = run_json("profile", model, "-o", tmp_path / "edge.json", "--slowdown", 8)
    assert profile["slowdown"] == 8
    run_json("profile", model, "-o", tmp_path / "cloud.json")
    files = ("--edge", tmp_path / "edge.json", "--cloud", tmp_path / "cloud.json")
    plan = run_json("plan", model, "--bandwidth", "5mbit", "--rtt", "20ms", "--memory", "64MB", *files)
    latency = plan["latency_s"]
    assert latency["total"] == pytest.approx(latency["edge"] + latency["uplink"] + latency["cloud"])
    assert plan["edge_memory_bytes"] <= 64e6
    assert set(plan["wire_bits"]) == set(plan["cut"]["boundary"])
    assert plan["solve_time_s"] > 0
    assert plan["solver"]


def test_plan_says_what_it_does_about_control_flow(tmp_path: Path) -> None:
    result = run("plan", save(choice_net(), tmp_path), "--bandwidth", "1mbit", "--json")
    assert result.exit_code == 0, result.stderr
    assert "If" in result.stderr
    assert json.loads(result.stdout)["model"] == "net"


def test_plan_by_measured_drop_with_a_picture_of_it(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    shape = run_json("inspect", model)["cuts"][0]["boundary"][0]
    samples = np.random.default_rng(0).normal(size=(40, *shape["shape"][1:])).astype(np.float32)
    np.savez(tmp_path / "inputs.npz", **{shape["name"]: samples})
    drawn = tmp_path / "plan.svg"
    limits = (
        "--max-drop",
        5,
        "--min-depth",
        1,
        "--deadline",
        "10s",
        "--calibration",
        tmp_path / "inputs.npz",
    )
    plan = run_json("plan", model, "--bandwidth", "1mbit", "--slowdown", 50, "--plot", drawn, *limits)
    low_s, high_s = plan["latency_interval_s"]
    assert low_s <= plan["latency_s"]["total"] <= high_s
    assert plan["cut"]["index"] != 0
    assert drawn.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_plan_names_the_limit_that_cannot_be_met(tmp_path: Path) -> None:
    result = run(
        "plan", save(chain_net(), tmp_path), "--bandwidth", "5mbit", "--max-error", "0", "--memory", "1B"
    )
    assert result.exit_code == 1
    assert result.stderr.strip().splitlines()[-1].startswith("evosplit: memory: the smallest plan needs")


def test_profile_of_another_model_is_refused(tmp_path: Path) -> None:
    run_json("profile", save(residual_net(), tmp_path, "other"), "-o", tmp_path / "other.json")
    model = save(chain_net(), tmp_path)
    result = run("plan", model, "--bandwidth", "5mbit", "--edge", tmp_path / "other.json")
    assert result.exit_code == 1
    assert "is of other" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("inspect", "absent.onnx"), 1),
        (("inspect",), 2),
        (("plan", "absent.onnx", "--bandwidth", "fast"), 2),
        (("plan", "absent.onnx", "--bandwidth", "0mbit"), 2),
        (("split", "absent.onnx", "--cut", "1", "--out", "parts"), 1),
        (("demo", "--model", "absent.onnx"), 2),
        (("nonsense",), 2),
    ],
)
def test_errors_are_one_line_and_a_status(arguments: tuple[str, ...], status: int) -> None:
    result = run(*arguments)
    assert result.exit_code == status
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", [b"", b"not an onnx file at all", b"\x08\x07"])
def test_files_that_are_no_models_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    result = run("inspect", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("evosplit: ")
    assert len(result.stderr.strip().splitlines()) == 1


def test_cut_out_of_range_is_wrong_usage(tmp_path: Path) -> None:
    result = run("split", save(chain_net(), tmp_path), "--cut", 999, "--out", tmp_path / "parts")
    assert result.exit_code == 2
    assert "out of range" in result.stderr


@pytest.mark.parametrize(
    "command", ["inspect", "profile", "plan", "split", "roofline", "cloud", "edge", "results", "demo"]
)
def test_every_help_shows_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: evosplit {command}" in result.stdout


def test_results_says_when_no_agent_answers() -> None:
    result = run("results", "--edge", "http://127.0.0.1:9", "--json")
    assert result.exit_code == 1
    assert "no answer from" in result.stderr
