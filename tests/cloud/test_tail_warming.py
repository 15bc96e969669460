"""Tails built ahead: no frame by a plan that was handed out waits for one."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cloud_support import Client, app_client, blob_request, data_plane, frame_bytes, seeded_feeds
from plan_tables import table_of

from evosplit.cloud.plan_service import PlanAnswer, PlanRequest, PlanService
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.storage.store import StorePlaces
from evosplit.cloud.tail_warming import TailWarmer
from evosplit.shared import oip
from evosplit.shared.graph import parse_cut
from evosplit.shared.profiler import measure_profile
from evosplit.shared.serial import to_data

CUTS = ("3", "2", "1")


def plan_at_cuts(model: Model, _request: PlanRequest, path: Path) -> PlanAnswer:
    path.write_bytes(b"bundle")
    return PlanAnswer("ab" * 32, table_of(model.graph, *CUTS))


@pytest.fixture(scope="module")
def question(registry: Registry) -> bytes:
    profile = measure_profile(registry.get("residual").graph, 1, 8.0)
    return json.dumps({"profile": to_data(profile), "rtt_s": 0.02}).encode()


def send_a_frame_by_every_plan(client: Client, model: Model) -> None:
    for cut_key in CUTS:
        content = frame_bytes(model, parse_cut(model.graph, cut_key), seeded_feeds(model))
        assert client.infer("residual", blob_request(oip.FRAME_INPUT, content)).status == 200


def test_no_frame_waits_for_a_tail(
    tiny_models: Path, registry: Registry, question: bytes, tmp_path: Path
) -> None:
    """Neither by plans just handed out, nor after a restart."""
    folder = shutil.copytree(tiny_models, tmp_path / "m")
    with app_client(folder, plan_at_cuts) as client:
        assert client.post("/v1/models/residual/plans", question).status == 200
        send_a_frame_by_every_plan(client, registry.get("residual"))
        assert client.services.plane.late_builds == 0
    with app_client(folder) as again:
        again.services.warmer.warm(again.services.plans.recent(8))
        send_a_frame_by_every_plan(again, registry.get("residual"))
        assert again.services.plane.late_builds == 0
    with app_client(folder) as cold:
        send_a_frame_by_every_plan(cold, registry.get("residual"))
        assert cold.services.plane.late_builds == len(CUTS)


def test_what_takes_too_long_is_built_later(registry: Registry) -> None:
    """One second passes with every look at the clock: there is time for one tail."""
    plane, ticks = data_plane(registry), itertools.count()
    warmer = TailWarmer(plane, clock=lambda: float(next(ticks)))
    warmer.warm([table_of(registry.get("residual").graph, *CUTS)], limit_s=2.0)
    assert plane.tails >= 1
    warmer.finish()
    assert plane.tails == len(CUTS)


def test_tables_of_models_that_are_not_served_are_left_alone(registry: Registry) -> None:
    plane, graph = data_plane(registry), registry.get("residual").graph
    table = table_of(graph, *CUTS)
    TailWarmer(plane).warm([replace(table, model="gone"), replace(table, model_sha256="1" * 64)])
    assert plane.tails == 0


def test_a_cut_that_the_model_does_not_have_is_in_the_log(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    plane, graph = data_plane(registry), registry.get("residual").graph
    table = table_of(graph, *CUTS)
    odd = replace(table, plans=(replace(table.plans[0], cut_key="999"), *table.plans[1:]))
    TailWarmer(plane).warm([odd])
    assert "residual: no tail behind cut 999" in caplog.text
    assert plane.tails == 2


def test_recent_tables_are_those_handed_out_last(registry: Registry, question: bytes, tmp_path: Path) -> None:
    service, model = PlanService(StorePlaces(tmp_path).open(), plan_at_cuts), registry.get("residual")
    assert service.recent(3) == ()
    service.plan(model, question)
    assert [table.model for table in service.recent(8)] == ["residual"]
