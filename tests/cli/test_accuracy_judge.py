"""What `--max-drop` measures with: inputs beside the model or given, with labels or without."""

from pathlib import Path

import numpy as np
import pytest
from models import chain_net, feeds, save

from evosplit.cli.accuracy import accuracy_judge, keep_promise
from evosplit.cli.calibration import Calibration, Source, calibration_of
from evosplit.cli.planning import Asked
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.planner.accuracy_promise import Promise, keep
from evosplit.planner.drop.accuracy import Choice, Judge
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.table import plan_table
from evosplit.shared.errors import InputError
from evosplit.shared.graph import load_graph
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices
from evosplit.shared.session import Runner


def problem_for(model: Path) -> Problem:
    graph = load_graph(model)

    def profile(layer_s: float) -> Profile:
        seconds = (layer_s,) * len(graph.layers)
        return Profile(graph.name, graph.sha256, this_machine(), 1, 1.0, seconds, {}, {}, 0.0, 0.0)

    errors = measure_errors(graph, [feeds(chain_net(), seed) for seed in range(3)], threads=1)
    return Problem(graph, profile(2e-3), profile(1e-4), errors, Link(1e6, 0.001))


def asked(model: Path, calibration: Source = None) -> Asked:
    return Asked(model, "measured", None, Limits(), None, None, None, calibration, 1.0, 1)


def chosen(problem: Problem, judge: Judge) -> Choice:
    kept = keep(problem, Promise(0.1, is_strict=True), judge, lambda asked: choices(plan_table(asked)))
    assert kept.choice is not None
    return kept.choice


def test_arrays_beside_the_model_with_and_without_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = save(chain_net(), tmp_path)
    problem = problem_for(model)
    arrays = np.concatenate([feeds(chain_net(), seed)["x"] for seed in range(40)])
    runner = Runner(problem.graph.model)
    answers = np.array([int(runner.run({"x": one[None]})["y"].argmax()) for one in arrays])
    np.savez(tmp_path / "net.calibration.npz", x=arrays, labels=answers)
    judge = accuracy_judge(problem.graph, inputs_for(problem, model), problem.errors, 1)
    assert judge is not None
    assert "measuring accuracy on 40 inputs" in capsys.readouterr().err
    choice = chosen(problem, judge)
    assert choice.drop.holds(0.1)
    assert choice.drop.accuracy == 1
    np.savez(tmp_path / "other.npz", x=arrays)
    judge = accuracy_judge(
        problem.graph, inputs_for(problem, model, tmp_path / "other.npz"), problem.errors, 1
    )
    assert judge is not None
    assert "agreement with the float network on 40" in " ".join(capsys.readouterr().err.split())
    assert chosen(problem, judge).drop == choice.drop, "labels that are the float's own answers"


def inputs_for(problem: Problem, model: Path, source: Source = None) -> Calibration:
    return calibration_of(problem.graph, model, None, source)


def test_no_inputs(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    problem = problem_for(model)
    known = inputs_for(problem, model)
    assert (known.kind, known.measured) == ("none", ())
    assert accuracy_judge(problem.graph, known, problem.errors, 1) is None
    with pytest.raises(InputError, match="there are no calibration inputs at"):
        inputs_for(problem, model, tmp_path / "nothing")


def test_noise_promises_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = save(chain_net(), tmp_path)
    problem = problem_for(model)
    noise = inputs_for(problem, model, "noise")
    assert "promises nothing for real inputs" in " ".join(capsys.readouterr().err.split())
    found = keep_promise(problem, asked(model, "noise"), noise, None, lambda _: ())
    assert found.kept.problem is problem
    assert found.data == {"calibration": "noise", "max_drop": None, "drop_is_shown": False}
    with pytest.raises(InputError, match="cannot be measured on noise"):
        keep_promise(problem, asked(model, "noise"), noise, 0.01, lambda _: ())
