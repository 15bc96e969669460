"""A cloud that is away, slow, refusing, or talking nonsense: every accepted frame still has one result."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest
from edge_support import Stage, picture, stage, until

from evosplit.edge.link.circuit import REFUSALS_TO_OPEN


async def use_the_cloud(on: Stage) -> None:
    on.cloud.bandwidth_bps = 1e9
    await until(lambda: on.agent.plans.plan.cut_key == "0" and on.agent.plans.heads_ready() == 3)


async def results(on: Stage) -> list[dict[str, object]]:
    page: dict[str, list[dict[str, object]]] = (await on.get("/v1/results", limit="1000"))[1]
    return page["results"]


async def test_with_the_cloud_away_from_the_start_the_edge_answers(tmp_path: Path) -> None:
    async with stage(tmp_path, cloud_up=False) as on:
        for seed in range(5):
            status, answer = await on.post(picture(seed))
            assert (status, answer["answered_by"]) == (200, "edge-fallback")
        assert (await on.get("/v1/plan"))[1]["cloud"] == "away"


@pytest.mark.parametrize("strategy", ["planned", "cloud-raw", "cloud-jpeg"])
@pytest.mark.parametrize("mode", ["500", "401", "garbage", "wrong-output", "nan", "cut-off"])
async def test_a_broken_answer_is_replaced_by_the_edges_own(tmp_path: Path, mode: str, strategy: str) -> None:
    async with stage(tmp_path) as on:
        await use_the_cloud(on)
        on.cloud.mode = mode
        status, answer = await on.post(picture(1), strategy=strategy)
        assert (status, answer["answered_by"]) == (200, "edge-fallback")
        assert answer["cut_key"] == str(len(on.cloud.graph.layers))
        assert len(await results(on)) == 1


async def test_a_connection_that_breaks_once_is_tried_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await use_the_cloud(on)
        on.cloud.mode = "cut-once"
        status, answer = await on.post(picture(1))
        assert (status, answer["answered_by"]) == (200, "cloud")


async def test_only_the_first_frame_waits_for_a_cloud_that_hangs(tmp_path: Path) -> None:
    async with stage(tmp_path, timeout_s=1.2, probe_interval_s=60.0, real_timeouts=True) as on:
        await use_the_cloud(on)
        on.cloud.mode = "hang"
        asked, started_s = len(on.cloud.calls), time.monotonic()
        for seed in range(4):
            status, answer = await on.post(picture(seed))
            assert (status, answer["answered_by"]) == (200, "edge-fallback")
            assert time.monotonic() - started_s > 0.9
        assert sum(path.endswith("infer") for path in on.cloud.calls[asked:]) == 1
        assert on.agent.cloud.circuit.is_open


async def test_the_cloud_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await use_the_cloud(on)
        on.cloud.mode = "hang"
        assert (await on.post(picture(1)))[1]["answered_by"] == "edge-fallback"
        on.cloud.mode = "ok"
        await until(lambda: not on.agent.cloud.circuit.is_open)
        await use_the_cloud(on)
        assert (await on.post(picture(2)))[1]["answered_by"] == "cloud"


async def test_refusals_in_a_row_open_the_circuit(tmp_path: Path) -> None:
    async with stage(tmp_path, probe_interval_s=60.0) as on:
        await use_the_cloud(on)
        on.cloud.mode = "500"
        for seed in range(REFUSALS_TO_OPEN):
            await on.post(picture(seed))
        asked = len(on.cloud.calls)
        assert on.agent.cloud.circuit.is_open
        assert (await on.post(picture(9)))[1]["answered_by"] == "edge-fallback"
        assert len(on.cloud.calls) == asked


async def test_without_a_fallback_the_failure_is_recorded(tmp_path: Path) -> None:
    async with stage(tmp_path, with_fallback=False) as on:
        on.cloud.mode = "hang"
        for seed in range(3):
            status, answer = await on.post(picture(seed), frame_id=f"f{seed}", wait="now")
            assert status == 503
            assert answer["frame_id"] == f"f{seed}"
            assert "\n" not in answer["error"]
        kept = await results(on)
        assert [(r["frame_id"], r["answered_by"]) for r in kept] == [(f"f{s}", "nobody") for s in (2, 1, 0)]
        assert all(r["error"] for r in kept)
        again = await on.post(picture(0), frame_id="f0")
        assert again[0] == 503
        assert len(await results(on)) == 3
        assert (await on.post(picture(0), strategy="edge"))[0] == 422
        assert len(await results(on)) == 3


async def test_a_storm_of_faults_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await use_the_cloud(on)
        sent = []
        for mode in ("ok", "500", "cut-off", "ok", "garbage", "hang", "ok"):
            on.cloud.mode = mode
            answers = await asyncio.gather(*(on.post(picture(seed)) for seed in range(6)))
            assert {status for status, _ in answers} == {200}
            sent += [answer["frame_id"] for _, answer in answers]
        kept = [result["frame_id"] for result in await results(on)]
        assert sorted(kept) == sorted(sent)  # type: ignore[type-var]


async def test_a_full_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with stage(tmp_path) as on:
        with monkeypatch.context() as patch:
            patch.setattr("evosplit.edge.results.write_thread.insert_unindexed", full)
            patch.setattr("evosplit.edge.results.store.insert_result", full)
            status, answer = await on.post(picture(1))
        assert status == 500
        assert answer == {"error": "the result store cannot be written: database or disk is full"}
        assert (await on.post(picture(1)))[0] == 200


async def test_a_bandwidth_that_collapses_is_survived(tmp_path: Path) -> None:
    async with stage(tmp_path, timeout_s=1.0, real_timeouts=True) as on:
        await use_the_cloud(on)
        on.cloud.bandwidth_bps = 2e4
        seen = [(await on.post(picture(seed)))[1]["answered_by"] for seed in range(6)]
        assert set(seen) <= {"edge", "edge-fallback", "cloud"}
        await until(lambda: not on.agent.plans.plan.boundary)
