"""Frames that wait on disk for the cloud: none is lost or answered twice, whatever ends meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from edge_support import Stage, middle_stage, picture, stage, until
from net_bundle import middle_only

from evosplit.edge.pipeline.late_frames import TRIES
from evosplit.library.client.asynchronous import AsyncClient
from evosplit.library.client.service_errors import WaitingError

FRAMES = 12


def _waits(on: Stage) -> int:
    assert on.agent.spool is not None
    return on.agent.spool.state().frames


async def _cloud_leaves(on: Stage) -> None:
    on.cloud.mode = "cut-off"
    await on.post(picture(0), frame_id="first", wait="now")
    on.cloud.mode = "hang"
    await until(lambda: on.agent.cloud.circuit.is_open)


async def _results(on: Stage) -> dict[str, dict[str, Any]]:
    page = (await on.get("/v1/results", limit="1000", order="asc"))[1]
    return {result["frame_id"]: result for result in page["results"]}


async def test_what_nobody_can_answer_waits_and_is_answered_in_order(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        right = [(await on.post(picture(seed), frame_id=f"now{seed}"))[1] for seed in range(FRAMES)]
        await _cloud_leaves(on)
        for seed in range(FRAMES):
            status, answer = await on.post(picture(seed), frame_id=f"late{seed}", stream="camera")
            assert (status, answer) == (202, {"frame_id": f"late{seed}", "status": "waiting"})
        assert (await on.get("/v1/results/late3"))[0] == 202
        assert (await on.post(picture(3), frame_id="late3"))[0] == 202  # sent again, it is not done twice
        assert _waits(on) == FRAMES
        assert "evosplit_spool_frames 12.0" in await _metrics(on)
        on.cloud.mode = "ok"
        await until(lambda: _waits(on) == 0)
        results = await _results(on)
    late = [result for name, result in results.items() if name.startswith("late")]
    assert [result["frame_id"] for result in late] == [f"late{seed}" for seed in range(FRAMES)]
    assert all(result["late"] and result["answered_by"] == "cloud" for result in late)
    assert [result["outcome"] for result in late] == [result["outcome"] for result in right]
    assert not any(result["late"] for result in right)


async def _metrics(on: Stage) -> str:
    async with on.client.get(f"{on.url}/metrics") as response:
        return await response.text()


async def test_a_client_may_ask_for_now_or_never(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        await _cloud_leaves(on)
        status, answer = await on.post(picture(1), frame_id="now", wait="now")
        assert (status, answer["frame_id"]) == (503, "now")
        assert (await on.post(picture(1), wait="perhaps"))[0] == 400
        assert _waits(on) == 0


async def test_frames_outlive_the_agent(tmp_path: Path) -> None:
    options: dict[str, Any] = {"with_fallback": False, "table_of": middle_only, "hooks": False}
    first, second = tmp_path / "first", tmp_path / "second"
    async with middle_stage(first, **options) as on:
        await _cloud_leaves(on)
        for seed in range(3):
            assert (await on.post(picture(seed), frame_id=f"late{seed}"))[0] == 202
        # What a killed process leaves: the file as it is now.
        await asyncio.to_thread(shutil.copytree, first / "data", second / "data")
    async with middle_stage(second, **options) as on:
        await until(lambda: _waits(on) == 0)
        results = await _results(on)
    assert {name: result["late"] for name, result in results.items() if name != "first"} == {
        "late0": True,
        "late1": True,
        "late2": True,
    }


async def test_on_request_frames_wait_while_the_cloud_is_there(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, hooks=False) as on:
        on.cloud.mode = "wait"
        on.cloud.go_on.clear()
        status, _ = await on.post(picture(1), frame_id="later", wait="later")
        assert status == 202
        async with AsyncClient(on.url, on.cloud.token) as client:
            frame_id = await client.send_later(picture(2))
            with pytest.raises(WaitingError, match=frame_id):
                await client.result(frame_id)
            on.cloud.go_on.set()
            on.cloud.mode = "ok"
            await until(lambda: _waits(on) == 0)
            assert (await client.result(frame_id)).result.late


async def test_collected_frames_go_in_batches(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, hooks=False, collect_s=0.3) as on:
        answered = [(await on.post(picture(seed), frame_id=f"f{seed}"))[0] for seed in range(4)]
        assert answered == [202] * 4
        assert (await on.post(picture(9), frame_id="now", wait="now"))[0] == 200
        await until(lambda: _waits(on) == 0)
        assert [name for name in await _results(on) if name.startswith("f")] == ["f0", "f1", "f2", "f3"]


async def test_what_is_too_late_is_not_done(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        await _cloud_leaves(on)
        assert (await on.post(picture(1), frame_id="late", deadline_s="0.2"))[0] == 202
        asked = on.cloud.inferences
        await asyncio.sleep(0.25)
        on.cloud.mode = "ok"
        await until(lambda: _waits(on) == 0)
        result = (await _results(on))["late"]
        assert (result["answered_by"], on.cloud.inferences) == ("nobody", asked)
        assert "deadline passed" in result["error"]
        assert (await on.post(picture(1), deadline_s="soon"))[0] == 400
        status, answer = await on.post(picture(1), frame_id="hopeless", deadline_s="1e-9", wait="now")
        assert (status, "are over" in answer["error"]) == (503, True)


async def test_a_frame_that_the_cloud_refuses_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        await _cloud_leaves(on)
        assert (await on.post(picture(1), frame_id="late"))[0] == 202
        on.cloud.mode = "500"
        await until(lambda: _waits(on) == 0)
        result = (await _results(on))["late"]
        assert (result["answered_by"], result["late"]) == ("nobody", True)
        assert "answered 500" in result["error"]


@pytest.mark.parametrize("mode", ["503", "401"])
async def test_a_cloud_that_starts_or_wants_another_token_costs_no_frame(tmp_path: Path, mode: str) -> None:
    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        await _cloud_leaves(on)
        assert (await on.post(picture(1), frame_id="late"))[0] == 202
        asked = on.cloud.inferences
        on.cloud.mode = mode
        if mode == "503":  # it answers probes, so that frames go
            await until(lambda: on.cloud.inferences >= asked + 2 * TRIES)
        else:
            await until(lambda: len(on.cloud.calls) > 2 * TRIES)
        assert _waits(on) == 1
        on.cloud.mode = "ok"
        await until(lambda: _waits(on) == 0)
        assert (await _results(on))["late"]["answered_by"] == "cloud"


async def test_a_clock_that_is_set_meanwhile_makes_no_frame_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        await _cloud_leaves(on)
        monkeypatch.setattr(time, "time", lambda: 7.0)
        assert (await on.post(picture(1), frame_id="late", deadline_s="3600"))[0] == 202
        monkeypatch.setattr(time, "time", real)
        on.cloud.mode = "ok"
        await until(lambda: _waits(on) == 0)
        result = (await _results(on))["late"]
        assert (result["answered_by"], result["breakdown"]["total_s"] < 1e6) == ("cloud", True)


async def test_a_frame_that_cannot_be_spooled_may_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        await _cloud_leaves(on)
        with monkeypatch.context() as patch:
            patch.setattr("evosplit.edge.results.spool._insert", full)
            assert (await on.post(picture(1), frame_id="late"))[0] == 500
        assert _waits(on) == 0
        assert (await on.get("/v1/results/late"))[0] == 404
        assert (await on.post(picture(1), frame_id="late"))[0] == 202
        assert _waits(on) == 1


async def test_a_full_spool_says_so(tmp_path: Path) -> None:
    options: dict[str, Any] = {"with_fallback": False, "table_of": middle_only, "hooks": False}
    async with middle_stage(tmp_path, spool_bytes=10, **options) as on:
        await _cloud_leaves(on)
        status, answer = await on.post(picture(1))
        assert (status, "the spool is full" in answer["error"]) == (503, True)
        assert "evosplit_spool_refused 1.0" in await _metrics(on)


async def test_with_a_fallback_nothing_waits(tmp_path: Path) -> None:
    async with stage(tmp_path, cloud_up=False) as on:
        assert (await on.post(picture(1)))[0] == 200
        assert _waits(on) == 0


async def test_outputs_of_nan_fail_their_frame_and_no_other(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, with_fallback=False, table_of=middle_only, hooks=False) as on:
        await _cloud_leaves(on)
        assert (await on.post(picture(1), frame_id="unread"))[0] == 202
        on.cloud.mode = "nan"
        await until(lambda: _waits(on) == 0)
        on.cloud.mode = "ok"
        assert (await on.post(picture(2), frame_id="next", wait="later"))[0] == 202
        await until(lambda: _waits(on) == 0)
        results = await _results(on)
        assert (results["unread"]["answered_by"], results["next"]["answered_by"]) == ("nobody", "cloud")
        assert "NaN" in results["unread"]["error"]
