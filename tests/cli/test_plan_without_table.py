"""A table over bandwidths that cannot be made leaves the plan for the one link as it is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from evosplit.cli.main import main
from evosplit.library.promise import Promised
from evosplit.planner.problem import Problem
from evosplit.shared.errors import SolverError
from tests.models import chain_net, save


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a command whose table ends in an error."""

    def stopped(problem: Problem, promised: Promised) -> None:
        raise SolverError(f"HiGHS stopped on {problem.graph.name}")

    monkeypatch.setattr("evosplit.library.plan.promised_table", stopped)
    return ["plan", str(save(chain_net(), tmp_path)), "--bandwidth", "5mbit"]


def test_the_plan_is_printed_and_one_line_says_what_is_missing(planned: list[str]) -> None:
    result = CliRunner().invoke(main, planned)
    assert result.exit_code == 0, result.stderr
    assert "Plan for" in result.stdout
    assert "Limits" in result.stdout
    assert "Plans over bandwidth" not in result.stdout
    said = [line for line in result.stderr.splitlines() if "no table over bandwidths" in line]
    assert len(said) == 1
    assert "HiGHS stopped" in said[0]


def test_the_answer_in_json_has_no_table(planned: list[str]) -> None:
    result = CliRunner().invoke(main, [*planned, "--json"])
    answer = json.loads(result.stdout)
    assert answer["table"] is None
    assert answer["latency_s"]["total"] > 0
