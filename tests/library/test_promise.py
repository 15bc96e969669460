"""What `max_drop` measures with: inputs beside the model or given, with labels or without."""

from pathlib import Path

import numpy as np
import pytest

from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.library.calibrate import CalibrationReport, Inputs, calibrate
from evosplit.library.model import load
from evosplit.library.promise import Promised, keep_promise
from evosplit.library.setting import Setting
from evosplit.planner.accuracy_promise import Promise, keep
from evosplit.planner.drop.accuracy import Choice, Judge
from evosplit.planner.problem import Problem
from evosplit.planner.table import plan_table
from evosplit.shared.errors import InputError
from evosplit.shared.graph import load_graph
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices
from evosplit.shared.session import Runner
from tests.models import chain_net, feeds, save


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def problem_for(model: Path) -> Problem:
    graph = load_graph(model)

    def profile(layer_s: float) -> Profile:
        seconds = (layer_s,) * len(graph.layers)
        return Profile(graph.name, graph.sha256, this_machine(), 1, 1.0, seconds, {}, {}, 0.0, 0.0)

    errors = measure_errors(graph, [feeds(chain_net(), seed) for seed in range(3)], threads=1)
    return Problem(graph, profile(2e-3), profile(1e-4), errors, Link(1e6, 0.001))


def setting_for(model: Path, problem: Problem, known: CalibrationReport) -> Setting:
    return Setting(load(model), problem.edge, problem.cloud, 0.001, known.calibration, problem.limits)


def promised(model: Path, known: CalibrationReport, max_drop: float | None) -> Promised:
    problem = problem_for(model)
    setting = setting_for(model, problem, known)
    return keep_promise(setting, problem, max_drop, lambda asked: choices(plan_table(asked)))


def chosen(problem: Problem, judge: Judge) -> Choice:
    kept = keep(problem, Promise(0.1, is_strict=True), judge, lambda asked: choices(plan_table(asked)))
    assert kept.choice is not None
    return kept.choice


def inputs_for(model: Path, source: Inputs = None) -> CalibrationReport:
    return calibrate(load(model), source, threads=1)


def judged(problem: Problem, known: CalibrationReport) -> Choice:
    judge = known.calibration.judge(problem.graph, 1)
    assert judge is not None
    return chosen(problem, judge)


def test_arrays_beside_the_model_with_and_without_labels(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    problem = problem_for(model)
    arrays = np.concatenate([feeds(chain_net(), seed)["x"] for seed in range(40)])
    runner = Runner(problem.graph.model)
    answers = np.array([int(runner.run({"x": one[None]})["y"].argmax()) for one in arrays])
    np.savez(tmp_path / "net.calibration.npz", x=arrays, labels=answers)
    choice = judged(problem, inputs_for(model))
    assert choice.drop.holds(0.1)
    assert choice.drop.accuracy == 1
    np.savez(tmp_path / "other.npz", x=arrays)
    unlabelled = inputs_for(model, tmp_path / "other.npz")
    assert judged(problem, unlabelled).drop == choice.drop, "labels that are the float's own answers"
    assert any(
        "measured accuracy on 40 inputs" in line for line in promised(model, inputs_for(model), 0.1).notes
    )
    notes = promised(model, unlabelled, 0.1).notes
    assert any("measured agreement with the float network on 40" in line for line in notes)


def test_arrays_in_memory_are_the_same_evidence(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    arrays = np.concatenate([feeds(chain_net(), seed)["x"] for seed in range(9)])
    np.savez(tmp_path / "net.calibration.npz", x=arrays)
    from_file = inputs_for(model)
    assert inputs_for(model, arrays).errors == from_file.errors
    assert inputs_for(model, {"x": arrays}).errors == from_file.errors
    with pytest.raises(InputError, match="2 labels for 9"):
        calibrate(load(model), arrays, [0, 1])


def test_no_inputs(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    problem = problem_for(model)
    known = inputs_for(model)
    assert (known.calibration.kind, known.errors.samples) == ("none", 0)
    assert known.calibration.judge(problem.graph, 1) is None
    with pytest.raises(InputError, match="there are no calibration inputs at"):
        inputs_for(model, tmp_path / "nothing")


def test_noise_promises_nothing(tmp_path: Path) -> None:
    model = save(chain_net(), tmp_path)
    noise = inputs_for(model, "noise")
    assert "promises nothing for real inputs" in noise.notes[0]
    problem = problem_for(model)
    found = keep_promise(setting_for(model, problem, noise), problem, None, lambda _: ())
    assert found.kept.problem is problem
    assert found.data == {"calibration": "noise", "max_drop": None, "drop_is_shown": False}
    with pytest.raises(InputError, match="cannot be measured on noise"):
        promised(model, noise, 0.01)
