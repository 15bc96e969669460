"""Learning and planning with restorations by the plan service's own planner, on files beside a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evosplit.cloud.fleet.edge_plans import fits
from evosplit.cloud.plan_service import PlanRequest
from evosplit.cloud.planning import Planner
from evosplit.cloud.registry import Model, load_model
from evosplit.cloud.restorations import Restorations
from evosplit.planner.problem.limits import Limits
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import card_from_data
from evosplit.shared.plan import PlanTable
from evosplit.shared.profile import Machine, Profile
from evosplit.shared.replan import choices
from evosplit.shared.restoration.transform import table_transforms
from evosplit.shared.storage.file_objects import FileObjects
from tests import models as nets
from tests.smooth_net import smooth_feeds, two_stage_net

SIZE, INPUTS = 48, 24


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """One with smooth calibration inputs beside it."""
    folder = tmp_path_factory.mktemp("models")
    nets.save(two_stage_net(SIZE), folder, "net")
    arrays = np.concatenate([feeds["x"] for feeds in smooth_feeds(SIZE, INPUTS)])
    np.savez(folder / "net.calibration.npz", x=arrays)
    return load_model(folder / "net.onnx", {})


def restored(table: PlanTable) -> set[str]:
    """The networks that a table's plans name."""
    codes = (code for plan in choices(table) for code in plan.wire.values())
    return {code.restoration for code in codes if code.restoration is not None}


def edge_profile(model: Model) -> Profile:
    """An edge that reaches ``t`` in no time, and the outputs in seconds."""
    layers = model.graph.layers
    early = next(index for index, layer in enumerate(layers) if "t" in layer.outputs) + 1
    layer_s = (*([1e-6] * early), *([1.0] * (len(layers) - early)))
    machine = Machine("test", 1, 10**9, "", "")
    ends = {0: 0.0, early: sum(layer_s[:early]), len(layers): sum(layer_s)}
    known = Profile("net", model.graph.sha256, machine, 1, 1.0, layer_s, ends, {}, 1e-9, 1e-9)
    return replace(known, coded_s_per_byte=(1e-9, 1e-9))


def test_what_is_learned_in_idle_time_is_planned_with(model: Model, tmp_path: Path) -> None:
    planner, restorations = Planner(FileObjects(tmp_path), 1), Restorations(FileObjects(tmp_path))
    request = PlanRequest(edge_profile(model), limits=Limits(max_error=0.001), restores=True)
    before = planner(model, request, tmp_path / "before.evb").table
    assert not restored(before)
    left, learned = planner.learn(model, request), 1
    while left:
        assert not restorations.state(model.graph.sha256)
        left, learned = planner.learn(model, request), learned + 1
    assert restorations.state(model.graph.sha256)
    assert planner.learn(model, request) == 0
    after = planner(model, request, tmp_path / "after.evb").table
    assert restored(after)
    for name in restored(after):
        assert restorations.networks(name).model_sha256 == model.graph.sha256
    assert fewest(after) < 0.8 * fewest(before)
    assert not table_transforms(after)
    knowing = replace(request, profile=replace(request.profile, transform_s_per_mac=1e-12))
    path = tmp_path / "knowing.evb"
    table = planner(model, knowing, path).table
    assert table_transforms(table)
    assert set(Bundle.open(path).transforms()) == set(table_transforms(table))
    assert fewest(table) < fewest(after)
    assert fits(model.graph, table, knowing)
    assert not fits(model.graph, table, request)
    older = planner(model, replace(request, restores=False), tmp_path / "older.evb").table
    assert older == before
    # A card says what counts as the same answer: what was learned without it says nothing of that.
    raw = {"version": 1, "name": "net", "input": {"colour": "RGB", "resize": {"kind": "stretch"}}}
    described = replace(model, card=card_from_data(raw))
    assert not restored(planner(described, request, tmp_path / "described.evb").table)
    assert planner.learn(described, request) > 0


def fewest(table: PlanTable) -> int:
    """Bytes of a frame on the slowest link that sends one."""
    return next(plan.wire_bytes for plan in table.plans if plan.wire_bytes)
