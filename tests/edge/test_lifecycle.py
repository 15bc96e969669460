"""An agent whose model is replaced at the cloud: no frame fails, and none mixes two networks."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edge_support import TOKEN, Stage, middle_stage, picture, until
from net_bundle import load_net, make_table, net_card, write_net_bundle
from onnx import numpy_helper

from evosplit.edge.enrolment.note import read_note
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import card_from_data
from evosplit.shared.profile import Profile
from tests import models as nets


@pytest.fixture(autouse=True)
def _measured_like_the_first(measured_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new network has the times of the old one."""
    old = nets_sha256()

    async def measured(
        _folder: Path,
        _skeleton: bytes,
        card: Any,
        _name: str,
        sha256: str,
        profiler: DeviceProfiler,
        slowdown: float,
    ) -> Profile:
        known = profiler.known(old, None if card is None else card_from_data(card), slowdown)
        assert known is not None
        return replace(known, model_sha256=sha256)

    monkeypatch.setattr("evosplit.edge.enrolment.enrol.profile_skeleton", measured)


def nets_sha256() -> str:
    return hashlib.sha256(nets.chain_net().SerializeToString()).hexdigest()


SHIFT = 50.0
"""Of one class's score: the new network finds that class in every picture."""


def other_net() -> Any:
    model = nets.chain_net()
    (bias,) = (tensor for tensor in model.graph.initializer if tensor.name == "fc.b")
    shifted = numpy_helper.to_array(bias) + np.float32([SHIFT, 0, 0, 0, 0])
    bias.CopyFrom(numpy_helper.from_array(shifted, bias.name))
    return model


@contextlib.asynccontextmanager
async def followed(on: Stage) -> AsyncIterator[None]:
    planner = PlannerClient(on.session, on.cloud_url, "net", TOKEN)
    task = asyncio.create_task(on.slot.follow(planner))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def replace_at_the_cloud(on: Stage, folder: Path, answers_old: bool) -> str:
    (folder / "new").mkdir()
    graph = load_net(folder / "new", model_of=other_net)
    path = folder / "new" / "net.evb"
    digest = write_net_bundle(graph, path, make_table(graph), net_card(graph))
    on.cloud.serve(graph, path, digest, answers_old)
    return graph.sha256


@pytest.mark.parametrize("answers_old", [True, False])
async def test_a_model_that_changes_at_the_cloud_is_taken_up_while_frames_come(
    tmp_path: Path, answers_old: bool
) -> None:
    async with middle_stage(tmp_path) as on, followed(on):
        before = on.agent
        old_label = (await on.post(picture()))[1]["outcome"]["top"][0]["label"]
        sha256 = replace_at_the_cloud(on, tmp_path, answers_old)
        results = []
        while on.agent is before:
            results += await asyncio.gather(*(on.post(picture()) for _ in range(4)))
            await asyncio.sleep(0.01)
        results += await asyncio.gather(*(on.post(picture()) for _ in range(8)))
        assert {status for status, _ in results} == {200}
        labels = [result["outcome"]["top"][0]["label"] for _, result in results]
        first_new = labels.index(labels[-1])
        assert set(labels[:first_new]) == {old_label}
        assert labels[-1] != old_label
        assert on.agent.plans.model.graph.sha256 == sha256
        assert on.agent.store is before.store
        kept = read_note(on.settings)
        assert kept is not None
        assert kept.bundle == on.cloud.digest
        Bundle.open(on.settings.folder / f"bundle-{kept.bundle[:16]}.evb", kept.bundle)
        status, page = await on.get("/v1/results", limit="100")
        assert status == 200
        assert len(page["results"]) == len(results) + 1


async def test_a_new_content_that_cannot_be_planned_for_leaves_the_old_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with middle_stage(tmp_path) as on, followed(on):
        before = on.agent
        on.cloud.plans_refused = 422
        replace_at_the_cloud(on, tmp_path, answers_old=True)
        assert (await on.post(picture()))[0] == 200
        await until(lambda: "the model stays as it is" in caplog.text)
        assert on.agent is before
        status, result = await on.post(picture())
        assert (status, result["answered_by"]) == (200, "cloud")
        on.cloud.plans_refused = 0
        await until(lambda: on.agent is not before)
