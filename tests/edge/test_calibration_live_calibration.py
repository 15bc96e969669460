"""An agent without calibration that calibrates itself from its frames, and the faults on the way."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from edge_support import Stage, picture, stage, until
from table_support import offered

from evosplit.cloud.registry import Model
from evosplit.edge.calibration import live_calibration, observer, upload
from evosplit.edge.calibration.sample import LEAST_INPUTS
from evosplit.shared import oip


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, measured_here: None) -> None:
    """No waiting."""

    monkeypatch.setattr(live_calibration, "POLL_S", 0.02)
    monkeypatch.setattr(live_calibration, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(observer, "LEAST_PAUSE_S", 0.0)
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)


@pytest_asyncio.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, calibration="none") as made:
        yield made


async def send(on: Stage, seeds: range) -> None:
    for seed in seeds:
        assert (await on.post(picture(seed)))[0] == 200
        await on.agent.frames.drain()


def state(on: Stage) -> live_calibration.CalibrationState:
    assert on.agent.calibration is not None
    return on.agent.calibration.state


def stored(on: Stage) -> list[np.ndarray]:
    """The inputs that the cloud has of the one set that there is."""
    (name,) = {path.split("/")[-2] for path in on.cloud.calls if "/calibrations/" in path}
    assert on.cloud.calibrations is not None
    model = Model(Path("net.onnx"), on.cloud.graph, on.cloud.card)
    return [feeds["x"] for feeds in on.cloud.calibrations.feeds(model, name)]


async def test_frames_calibrate_the_plans_that_answer_them(
    on: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    digest = offered(on, tmp_path)
    page = (await on.get("/v1/plan"))[1]
    assert (page["calibration"], page["calibrating"]["inputs"], page["calibrating"]["needed"]) == (
        "none",
        0,
        32,
    )
    await send(on, range(LEAST_INPUTS + 2))
    await until(lambda: on.agent.plans.table_changes == 1)
    (request,) = on.cloud.plan_requests
    found = stored(on)
    assert len(request["calibration"]) == 16
    assert len(found) >= LEAST_INPUTS
    assert len({array.tobytes() for array in found}) == len(found)
    page = (await on.get("/v1/plan"))[1]
    assert (page["calibration"], page["table_changes"]) == ("live", 1)
    assert on.agent.plans.heads.manifest.table.plans[0].error == 0.5
    text = (await _metrics(on)).decode()
    assert 'evosplit_calibration{kind="live"} 1.0' in text
    assert "evosplit_table_changes 1.0" in text
    assert state(on).sent_bytes > 0
    assert digest == on.cloud.digest
    assert (await on.post(picture(99)))[0] == 200


async def test_a_start_without_calibration_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for kind, lines in (("none", 1), ("card", 0), (None, 0)):
        caplog.clear()
        async with stage(tmp_path / str(kind), calibration=kind):  # type: ignore[arg-type]
            pass
        assert len([one for one in caplog.records if "no calibration" in one.message]) == lines
    caplog.clear()
    async with stage(tmp_path / "off", calibration="none", calibration_bytes=0) as off:
        assert off.agent.calibration is None
    assert "they stay float" in caplog.text


async def test_a_still_picture_calibrates_nothing(on: Stage, tmp_path: Path) -> None:
    offered(on, tmp_path)
    for _ in range(80):
        assert (await on.post(picture(1)))[0] == 200
        await on.agent.frames.drain()
    await asyncio.sleep(0.1)
    assert (state(on).inputs, on.cloud.plan_requests) == (1, [])


async def test_tensors_with_nan_are_not_sampled(tmp_path: Path) -> None:
    async with stage(tmp_path, calibration="none", with_card=False) as on:
        for seed in range(6):
            array = np.random.default_rng(seed).standard_normal((1, 3, 16, 16)).astype(np.float32)
            if seed % 2:
                array[0, 0, 0, seed] = (np.nan, np.inf)[seed % 4 // 2]
            await _infer(on, array)
            await on.agent.frames.drain()
        assert state(on).inputs == 3


async def test_tensors_are_sent_as_they_were(tmp_path: Path) -> None:
    async with stage(tmp_path, calibration="none", with_card=False) as on:
        sent = [
            np.random.default_rng(seed).standard_normal((1, 3, 16, 16)).astype(np.float32)
            for seed in range(LEAST_INPUTS)
        ]
        for array in sent:
            await _infer(on, array)
            await on.agent.frames.drain()
        await until(lambda: on.cloud.plan_requests)
        assert {array.tobytes() for array in stored(on)} == {array.tobytes() for array in sent}


@pytest.mark.parametrize("fault", ["no endpoint", "refuses to plan", "away", "set is dropped"])
async def test_while_plans_cannot_be_calibrated_those_in_use_go_on(
    on: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    store, hang = on.cloud.calibrations, on.cloud.mode
    offered(on, tmp_path)
    if fault == "no endpoint":
        on.cloud.calibrations = None
    elif fault == "away":
        on.cloud.mode = "401"
    else:
        on.cloud.plans_refused = 404 if fault == "set is dropped" else 422
    for seed in range(LEAST_INPUTS + 1):
        assert (await on.post(picture(seed), strategy="edge"))[0] == 200
        await on.agent.frames.drain()
    await until(lambda: "those in use go on" in caplog.text)
    assert on.agent.plans.table_changes == 0
    on.cloud.calibrations, on.cloud.plans_refused, on.cloud.mode = store, 0, hang
    await until(lambda: on.agent.plans.table_changes == 1)
    if fault == "set is dropped":
        assert len({request["calibration"] for request in on.cloud.plan_requests}) >= 2


async def test_an_upload_that_breaks_off_goes_on_where_it_was(on: Stage, tmp_path: Path) -> None:
    store = on.cloud.calibrations
    assert store is not None
    on.cloud.calibrations = dataclasses.replace(store, set_bytes=20_000)
    offered(on, tmp_path)
    await send(on, range(LEAST_INPUTS + 1))
    await until(lambda: any(path.endswith("/20") for path in on.cloud.calls))
    on.cloud.calibrations = store
    await until(lambda: on.agent.plans.table_changes == 1)
    indices = [path.split("/")[-1] for path in on.cloud.calls if "/calibrations/" in path]
    assert indices.count("0") == 1


async def test_more_inputs_calibrate_once_more_and_only_they_are_sent(on: Stage, tmp_path: Path) -> None:
    offered(on, tmp_path)
    await send(on, range(LEAST_INPUTS))
    await until(lambda: on.agent.plans.table_changes == 1)
    sent = len([path for path in on.cloud.calls if "/calibrations/" in path])
    offered(on, tmp_path, 0.6)
    wanted = live_calibration.MORE * sent
    await send(on, range(100, 100 + wanted))
    await until(lambda: on.agent.plans.table_changes == 2)
    paths = [path for path in on.cloud.calls if "/calibrations/" in path]
    assert len({path.split("/")[-2] for path in paths}) == 1
    assert paths[:sent] == sorted(set(paths[:sent]), key=paths.index)
    assert len(paths) == len(set(paths))


async def test_somebody_asks_for_another_calibration(
    on: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    offered(on, tmp_path)
    await send(on, range(LEAST_INPUTS))
    await until(lambda: on.agent.plans.table_changes == 1)
    offered(on, tmp_path, 0.6)
    assert on.agent.calibration is not None
    on.agent.calibration.recalibrate("answers disagree with the float network")
    on.agent.calibration.recalibrate("again")
    on.agent.calibration.recalibrate("and again")
    assert caplog.text.count("calibrated anew") == 1
    await send(on, range(300, 340))
    await until(lambda: on.agent.plans.table_changes == 2)
    first, second = (request["calibration"] for request in on.cloud.plan_requests)
    assert first != second


async def test_frames_go_before_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces wait for a lull, and for their share of the link; without frames nothing waits."""
    from evosplit.edge.background.pause import BackgroundPause

    pause, told = BackgroundPause(), []

    class Client:
        async def put_input(self, name: str, index: int, pieces: Any, size: int, length: int) -> None:
            told.extend([(index, len(piece)) async for piece in pieces])
            assert sum(piece for at, piece in told if at == index) == size

    from evosplit.edge.calibration.sample import Kept

    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    kept = [Kept(oip.FRAME_INPUT, bytes(40_000), np.zeros(1, np.float32)) for _ in range(2)]
    up = upload.Upload(Client(), "a", pause, lambda: 1e6)  # type: ignore[arg-type]
    monkeypatch.setattr(upload.asyncio, "sleep", sleep)
    assert await up.send(kept[:1]) == 1
    assert slept == []
    with pause.frame():
        monkeypatch.setattr(upload, "PATIENCE_S", 0.0)
        assert await up.send(kept) == 2
    piece_s = 8 * upload.PIECE_BYTES / (upload.LINK_SHARE * 1e6)
    assert slept[0] == pytest.approx(piece_s)
    assert [at for at, _ in told] == [0, 0, 0, 1, 1, 1]
    assert await up.send(kept) == 2
    assert up.sent_bytes > 80_000


async def _metrics(on: Stage) -> bytes:
    async with on.client.get(f"{on.url}/metrics") as response:
        return await response.read()


async def _infer(on: Stage, array: np.ndarray) -> None:
    body, length = oip.build_request(oip.InferRequest((oip.tensor("x", array),), binary_default=True))
    async with on.client.post(
        f"{on.url}/v2/models/net/infer", data=body, headers={oip.HEADER_LENGTH: str(length)}
    ) as response:
        await response.read()
