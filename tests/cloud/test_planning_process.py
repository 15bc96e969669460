"""Planning in a process of its own gives what planning in this one gives, errors too."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from evosplit.cloud.plan_service import PlanRequest
from evosplit.cloud.planning import Planner
from evosplit.cloud.planning_process import PlanningProcess
from evosplit.cloud.registry import Model, load_model
from evosplit.cloud.storage.store import StorePlaces
from evosplit.planner.problem.limits import Limits
from evosplit.shared.errors import EvoSplitError, InfeasibleError, ProfileError
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import measure_profile
from evosplit.shared.storage.file_objects import FileObjects


@pytest.fixture
def model(tiny_models: Path, tmp_path: Path) -> Model:
    shutil.copytree(tiny_models, tmp_path / "m")
    return load_model(tmp_path / "m" / "chain.onnx", {})


@pytest.fixture
def profile(model: Model) -> Profile:
    return measure_profile(model.graph, 1, 8.0)


def test_the_answer_and_the_bundle_are_the_same(model: Model, profile: Profile, tmp_path: Path) -> None:
    request, data = PlanRequest(profile, 0.02), tmp_path / "data"
    apart = PlanningProcess(StorePlaces(data), 1, {})(model, request, tmp_path / "apart")
    here = Planner(FileObjects(data), 1)(model, request, tmp_path / "here")
    assert apart == here
    assert (tmp_path / "apart").read_bytes() == (tmp_path / "here").read_bytes()


def test_errors_keep_their_kind_and_their_line(model: Model, profile: Profile, tmp_path: Path) -> None:
    planner = PlanningProcess(StorePlaces(tmp_path / "data"), 1, {})
    with pytest.raises(InfeasibleError, match="memory"):
        planner(model, PlanRequest(profile, 0.02, Limits(memory_bytes=1, min_depth=2)), tmp_path / "b")
    shutil.copy(tmp_path / "m" / "residual.onnx", model.path)
    with pytest.raises(ProfileError, match=r"chain\.onnx has changed since"):
        planner(model, PlanRequest(profile, 0.02), tmp_path / "b")


def test_a_process_that_is_killed_ends_one_request(
    model: Model, profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    (tmp_path / "dies.py").write_text(killed)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    with pytest.raises(EvoSplitError, match="ended with status -9"):
        PlanningProcess(StorePlaces(tmp_path / "data"), 1, {}, "dies")(
            model, PlanRequest(profile, 0.02), tmp_path / "b"
        )
