"""Options that limit a plan, and how errors are measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from evosplit.cli.main import main
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import load_graph
from evosplit.shared.units import parse_energy
from tests.models import chain_net, save

LINK = ("--bandwidth", "5mbit", "--devices", "paper")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save(chain_net(), tmp_path)


def plan(model: Path, *options: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["plan", str(model), *LINK, *options, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_plan_says_what_it_rests_on(model: Path, tmp_path: Path) -> None:
    """Default options: nothing is quantised by guesses, and real inputs are judged by."""
    unknown = plan(model, "--devices", "measured", "--slowdown", "50")
    assert (unknown["calibration"], unknown["max_drop"], unknown["drop_is_shown"]) == ("none", 0.01, False)
    assert set(unknown["weight_bits"].values()) | set(unknown["activation_bits"].values()) <= {32}
    assert all(bits >= 8 for bits in unknown["wire_bits"].values())
    pictures = np.random.default_rng(0).normal(size=(16, 3, 16, 16)).astype(np.float32)
    np.savez(model.with_suffix(".calibration.npz"), x=pictures)
    known = plan(model, "--devices", "measured")
    assert (known["calibration"], known["max_drop"]) == ("card", 0.01)
    assert plan(model, "--max-error", "0.01")["max_drop"] is None


def refused(model: Path, *options: str) -> str:
    result = CliRunner().invoke(main, ["plan", str(model), *LINK, *options])
    assert result.exit_code == 2
    return result.stderr


def test_a_pinned_layer_stays_on_its_side(model: Path) -> None:
    layers = load_graph(model).layers
    for name, side in ((layers[0].name, "edge"), (layers[-1].name, "cloud")):
        held = plan(model, "--max-error", "1", "--pin", f"{name}={side}")
        assert held["cut_key"] != ("0" if side == "edge" else str(len(layers)))
        free = plan(model, "--max-error", "1")
        assert held["latency_s"]["total"] >= free["latency_s"]["total"] - 1e-9


def test_limits_on_other_objectives_are_reported(model: Path) -> None:
    given = ("--energy", "1J", "--period", "1s", "--cloud-time", "1s", "--deadline", "2s")
    names = {status["name"]: status["limit"] for status in plan(model, *given)["limits"]}
    assert names["energy"] == 1.0
    assert (names["period"], names["cloud"], names["deadline"]) == (1.0, 1.0, 2.0)


@pytest.mark.parametrize(
    "options",
    [("--error-measure", "mse"), ("--clip", "min-max"), ("--per-tensor",), ("--error-measure", "output")],
)
def test_errors_can_be_measured_otherwise(model: Path, options: tuple[str, ...]) -> None:
    assert plan(model, "--max-error", "0.01", *options)["error"] <= 0.01


@pytest.mark.parametrize("pin", ["conv1", "conv1=moon", "=edge="])
def test_a_pin_that_is_none(model: Path, pin: str) -> None:
    assert "write it like conv1=edge" in refused(model, "--pin", pin)


def test_energies() -> None:
    assert parse_energy("30mJ") == pytest.approx(0.03)
    assert parse_energy("500 uJ") == pytest.approx(5e-4)
    for wrong in ("30", "-1J", "xJ", "1kJ"):
        with pytest.raises(UsageError, match="not an energy"):
            parse_energy(wrong)


@pytest.mark.parametrize(
    ("named", "spelt"),
    [
        (("--bandwidth", "4G"), ("--bandwidth", "5.85mbit", "--rtt", "70ms")),
        (("--bandwidth", "4g", "--rtt", "5ms"), ("--bandwidth", "5.85mbit", "--rtt", "5ms")),
    ],
)
def test_a_link_by_name_brings_its_round_trip(
    model: Path, named: tuple[str, ...], spelt: tuple[str, ...]
) -> None:
    pinned = ("--pin", f"{load_graph(model).layers[-1].name}=cloud")
    found, expected = (plan(model, *each, *pinned) for each in (named, spelt))
    assert found["latency_s"] == expected["latency_s"]
    assert found["latency_s"]["uplink"] > 0
