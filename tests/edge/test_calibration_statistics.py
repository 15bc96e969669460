"""Inputs that stay on the device: no way sends them, and errors are measured where they are."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import pytest_asyncio
from child_processes import children_beside, own_children
from edge_support import Stage, picture, stage, until
from net_bundle import CARD, make_table
from table_support import offered

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration import live_calibration, observer
from evosplit.edge.calibration.encoding import pixels_blob, tensors_blob
from evosplit.edge.calibration.sample import LEAST_INPUTS, Kept
from evosplit.edge.calibration.statistics import measured_errors
from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.shared.card import card_from_data, card_to_data, check_card
from evosplit.shared.errors import ProfileError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.plan import PlanTable
from evosplit.shared.preprocess import preprocess
from evosplit.shared.serial import from_data, from_json
from tests import models


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, measured_here: None) -> None:
    monkeypatch.setattr(live_calibration, "POLL_S", 0.02)
    monkeypatch.setattr(live_calibration, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(observer, "LEAST_PAUSE_S", 0.0)
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)


def without_raw(graph: Graph, with_fallback: bool) -> PlanTable:
    """Alone or from the middle on."""
    table = make_table(graph, with_fallback)
    return dataclasses.replace(table, plans=table.plans[:-1], breakpoints_bps=table.breakpoints_bps[:-1])


@pytest_asyncio.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, calibration="none", private=True, table_of=without_raw) as made:
        await until(lambda: made.agent.plans.heads_ready() >= 2)
        yield made


@pytest.mark.parametrize("strategy", ["cloud-raw", "cloud-jpeg"])
async def test_ways_that_send_the_input_are_refused(on: Stage, strategy: str) -> None:
    asked = len(on.cloud.calls)
    status, answer = await on.post(picture(1), strategy=strategy)
    assert (status, "stay on this device" in answer["error"]) == (400, True)
    assert not [path for path in on.cloud.calls[asked:] if path.endswith("infer")]
    for fine in ("edge", "planned"):
        assert (await on.post(picture(1), strategy=fine))[0] == 200


async def test_only_statistics_are_sent(on: Stage, tmp_path: Path) -> None:
    offered(on, tmp_path, raw=False)
    for seed in range(LEAST_INPUTS):
        assert (await on.post(picture(seed)))[0] == 200
        await on.agent.frames.drain()
    await until(lambda: on.agent.plans.table_changes == 1)
    (request,) = on.cloud.plan_requests
    assert "calibration" not in request
    assert request["limits"]["min_depth"] == 1
    found = from_data(ErrorTable, request["statistics"], ProfileError)
    assert (found.model_sha256, found.samples) == (on.cloud.graph.sha256, 16)
    assert not [path for path in on.cloud.calls if "/calibrations/" in path]
    assert on.agent.calibration is not None
    assert on.agent.calibration.state.sent_bytes == 0


async def test_a_bundle_that_would_send_the_input_is_not_taken(
    on: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    offered(on, tmp_path)
    for seed in range(LEAST_INPUTS):
        assert (await on.post(picture(seed)))[0] == 200
        await on.agent.frames.drain()
    await until(lambda: "which is to stay here" in caplog.text)
    assert on.agent.plans.table_changes == 0


@pytest.mark.parametrize("as_pictures", [False, True])
async def test_the_errors_are_those_of_the_planner(tmp_path: Path, as_pictures: bool) -> None:
    path = models.save(models.chain_net(), tmp_path, "net")
    graph = load_graph(path, "net")
    card = check_card(card_from_data(CARD), graph)
    pixels = [np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8) for seed in range(4)]
    feeds = [preprocess(card, one) for one in pixels]
    blobs = [
        pixels_blob(card, one) if as_pictures else tensors_blob(graph, feed)
        for one, feed in zip(pixels, feeds, strict=True)
    ]
    kept = [Kept(*blob, np.zeros(1, np.float32)) for blob in blobs]
    data = card_to_data(card) if as_pictures else None
    found = from_json(
        ErrorTable, await measured_errors(path, graph, data, kept, BackgroundPause()), ProfileError
    )
    right = measure_errors(graph, feeds, threads=1)
    assert found.activations.keys() == right.activations.keys()
    for name, one in right.activations.items():
        assert found.activations[name].mse == pytest.approx(one.mse, rel=1e-3, abs=1e-12)


async def test_what_cannot_be_measured_is_one_line(tmp_path: Path) -> None:
    path = models.save(models.chain_net(), tmp_path, "net")
    graph = load_graph(path, "net")
    kept = [Kept(*tensors_blob(graph, {"x": np.zeros((1, 3, 16, 16), np.float32)}), np.zeros(1, np.float32))]
    path.write_bytes(b"half a file")
    with pytest.raises(ProfileError) as refused:
        await measured_errors(path, graph, None, kept, BackgroundPause())
    assert "\n" not in str(refused.value)


async def test_measuring_stands_still_while_a_frame_is_under_way(tmp_path: Path) -> None:
    path = models.save(models.chain_net(), tmp_path, "net")
    graph = load_graph(path, "net")
    kept = [Kept(*tensors_blob(graph, {"x": np.ones((1, 3, 16, 16), np.float32)}), np.zeros(1, np.float32))]
    pause, before = BackgroundPause(), own_children()
    with pause.frame():
        work = asyncio.create_task(measured_errors(path, graph, None, kept, pause))
        (process,) = await children_beside(before)
        await until(lambda: process.status() == psutil.STATUS_STOPPED)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert not process.is_running()


async def test_a_network_that_does_not_fit_stays_uncalibrated_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"private": True, "memory_bytes": 100}
    async with stage(tmp_path, calibration="none", table_of=without_raw, **settings) as on:
        await until(lambda: on.agent.plans.heads_ready() >= 2)
        for seed in range(LEAST_INPUTS):
            assert (await on.post(picture(seed)))[0] == 200
            await on.agent.frames.drain()
        await until(lambda: "memory leave no calibration" in caplog.text)
        assert on.cloud.plan_requests == []
