"""Frames through agent and cloud: every strategy agrees with the whole model, nothing is lost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest
from edge_support import picture, stage, until
from net_bundle import LABELS, RTT_S

from evosplit.shared.card import Card
from evosplit.shared.pictures import decode_picture
from evosplit.shared.preprocess import preprocess, sized_input
from evosplit.shared.session import Runner


def expected_label(graph: object, card: object, content: bytes) -> str:
    outputs = Runner(graph.model).run(preprocess(card, decode_picture(content)))  # type: ignore[attr-defined,arg-type]
    return LABELS[int(np.argmax(next(iter(outputs.values()))))]


@pytest.mark.parametrize("strategy", ["planned", "edge", "cloud-raw", "cloud-jpeg", "picture:png"])
async def test_every_strategy_gives_the_models_answer(tmp_path: Path, strategy: str) -> None:
    async with stage(tmp_path) as on:
        content = picture(1)
        status, answer = await on.post(content, strategy=strategy, stream="gate")
        assert status == 200, answer
        best = answer["outcome"]["top"][0]
        assert best["label"] == expected_label(on.cloud.graph, on.cloud.card, content)
        assert answer["strategy"] == strategy
        assert answer["stream"] == "gate"
        assert answer["answered_by"] == ("edge" if strategy == "edge" else "cloud")
        steps = answer["breakdown"]
        assert 0 < sum(value for name, value in steps.items() if name != "total_s") <= steps["total_s"]
        sent = answer["wire_bytes"]
        if strategy == "edge":
            assert sent == 0
        if strategy == "cloud-raw":
            assert 16 * 16 * 3 <= sent <= 16 * 16 * 3 + 250
        assert (await on.get(f"/v1/results/{answer['frame_id']}"))[1] == answer


async def test_the_plan_follows_the_link(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        for bandwidth_bps, cut in ((3e6, "3"), (4e4, "last"), (1e8, "0"), (3e6, "3")):
            on.cloud.bandwidth_bps, on.cloud.rtt_s = bandwidth_bps, RTT_S
            wanted = str(len(on.cloud.graph.layers)) if cut == "last" else cut
            await until(lambda wanted=wanted: on.agent.plans.plan.cut_key == wanted)
            status, answer = await on.post(picture(2))
            assert (status, answer["cut_key"]) == (200, wanted)
        await until(lambda: 1.5e6 < on.agent.cloud.link.bandwidth_bps < 6e6)
        _, plan = await on.get("/v1/plan")
        assert plan["cut_key"] == "3"
        assert plan["cloud"] == "up"
        assert plan["link"]["samples"] > 0


async def test_a_repeated_id_gets_the_first_result(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        first = await on.post(picture(1), headers={"X-Evosplit-Frame-Id": "cam-7:1"})
        again = await on.post(picture(2), headers={"X-Evosplit-Frame-Id": "cam-7:1"})
        assert first == again
        assert first[1]["frame_id"] == "cam-7:1"
        both = await asyncio.gather(*(on.post(picture(seed), frame_id="twins") for seed in (3, 4)))
        assert both[0] == both[1]
        _, page = await on.get("/v1/results")
        assert len(page["results"]) == 2


async def test_many_frames_at_once_each_have_one_result(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        answers = await asyncio.gather(*(on.post(picture(seed)) for seed in range(40)))
        assert {status for status, _ in answers} == {200}
        _, page = await on.get("/v1/results", limit="100")
        assert {result["frame_id"] for result in page["results"]} == {a["frame_id"] for _, a in answers}
        assert page["next_cursor"] is None


async def test_too_many_frames_are_not_accepted(tmp_path: Path) -> None:
    async with stage(tmp_path, max_in_flight=2) as on:
        on.cloud.mode = "wait"
        on.cloud.go_on.clear()
        frames = [asyncio.create_task(on.post(picture(seed))) for seed in range(8)]
        await until(lambda: sum(frame.done() for frame in frames) == 6)
        on.cloud.go_on.set()
        statuses = [status for status, _ in await asyncio.gather(*frames)]
        assert (statuses.count(200), statuses.count(503)) == (2, 6)
        assert len((await on.get("/v1/results"))[1]["results"]) == 2


async def test_a_client_that_goes_away_leaves_its_frame_behind(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.cloud.mode = "wait"
        on.cloud.go_on.clear()
        gone = asyncio.create_task(on.post(picture(1), frame_id="left"))
        await until(lambda: on.cloud.inferences == 1)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        on.cloud.go_on.set()
        await until(lambda: on.agent.store.get("left") is not None)
        result = on.agent.store.get("left")
        assert result is not None
        assert result.answered_by == "cloud"


async def test_a_slower_machine_is_played_by_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ten_milliseconds(card: Card, pixels: np.ndarray) -> dict[str, np.ndarray]:
        time.sleep(0.01)
        return sized_input(card, pixels)

    monkeypatch.setattr("evosplit.edge.pipeline.split_run.sized_input", ten_milliseconds)
    async with stage(tmp_path / "slow", slowdown=20.0) as slow:
        _, answer = await slow.post(picture(1), strategy="edge")
    assert answer["breakdown"]["preprocess_s"] >= 20 * 0.01


async def test_a_model_without_a_card_takes_tensors_only(tmp_path: Path) -> None:
    async with stage(tmp_path, with_card=False) as on:
        status, answer = await on.post(picture(1))
        assert status == 422
        assert "no card" in answer["error"]
