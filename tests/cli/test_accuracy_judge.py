"""What `--max-drop` measures with: inputs beside the model or given, with labels or without."""

from pathlib import Path

import numpy as np
import pytest
from models import chain_net, feeds, save

from cli.accuracy import accuracy_judge
from cli.planning import Asked
from kernels.errors.table import measure_errors
from planner.drop.accuracy import within_drop
from planner.problem import Problem
from planner.problem.limits import Limits
from shared.errors import InputError
from shared.graph import load_graph
from shared.link import Link
from shared.machine import this_machine
from shared.profile import Profile
from shared.session import Runner


def problem_for(model: Path) -> Problem:
    graph = load_graph(model)

    def profile(layer_s: float) -> Profile:
        seconds = (layer_s,) * len(graph.layers)
        return Profile(graph.name, graph.sha256, this_machine(), 1, 1.0, seconds, {}, {}, 0.0, 0.0)

    errors = measure_errors(graph, [feeds(chain_net(), seed) for seed in range(3)], threads=1)
    return Problem(graph, profile(2e-3), profile(1e-4), errors, Link(1e6, 0.001))


def asked(model: Path, calibration: Path | None = None) -> Asked:
    return Asked(model, "measured", None, Limits(), None, None, None, calibration, 1.0, 1)


def test_arrays_beside_the_model_with_and_without_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = save(chain_net(), tmp_path)
    problem = problem_for(model)
    arrays = np.concatenate([feeds(chain_net(), seed)["x"] for seed in range(40)])
    runner = Runner(problem.graph.model)
    answers = np.array([int(runner.run({"x": one[None]})["y"].argmax()) for one in arrays])
    np.savez(tmp_path / "net.calibration.npz", x=arrays, labels=answers)
    judge = accuracy_judge(problem.graph, asked(model), problem.errors)
    assert "measuring accuracy on 40 inputs" in capsys.readouterr().err
    choice = within_drop(problem, judge, 0.1)
    assert choice.drop.holds(0.1)
    assert choice.drop.accuracy == 1
    np.savez(tmp_path / "other.npz", x=arrays)
    judge = accuracy_judge(problem.graph, asked(model, tmp_path / "other.npz"), problem.errors)
    assert "agreement with the float network on 40" in " ".join(capsys.readouterr().err.split())
    assert within_drop(problem, judge, 0.1).drop == choice.drop, "labels that are the float's own answers"


def test_no_inputs(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    problem = problem_for(model)
    with pytest.raises(InputError, match="cannot be measured on noise"):
        accuracy_judge(problem.graph, asked(model), problem.errors)
    with pytest.raises(InputError, match="there are no calibration inputs at"):
        accuracy_judge(problem.graph, asked(model, tmp_path / "nothing"), problem.errors)
