"""An agent that learns what its frames take, in its own process and over a restart; and plans by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from edge_support import middle_stage, picture, stage, until
from net_bundle import make_table

from evosplit.edge.pipeline.frame_times import measured
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.pipeline.stages import (
    DECODE,
    ENCODE,
    FINISH,
    HEAD,
    PREPROCESS,
    RECEIVE,
    REQUEST,
    SEND,
    StageTimes,
)
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.plan import PlanTable
from evosplit.shared.replan import choices


def _slow_alone(graph: Graph, with_fallback: bool) -> PlanTable:
    """As made up, but the agent alone is said to take half a second, which it does not."""
    table = make_table(graph, with_fallback)
    latency = dataclasses.replace(table.plans[0].latency, edge_s=0.5)
    alone = dataclasses.replace(table.plans[0], latency=latency)
    middle, raw = (
        dataclasses.replace(plan, latency=dataclasses.replace(plan.latency, edge_s=at))
        for plan, at in zip(table.plans[1:], (0.4, 0.3), strict=True)
    )
    return dataclasses.replace(table, plans=(alone, middle, raw), fallback=alone)


def _of(state: dict[str, Any], digest: str) -> dict[str, Any]:
    return next(one for one in state["predictions"] if one["plan_digest"] == digest)


async def test_predictions_that_are_far_off_heal(tmp_path: Path) -> None:
    async with stage(tmp_path, table_of=_slow_alone, corrections=True) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        frames = 30
        for seed in range(frames):
            assert (await on.post(picture(seed)))[0] == 200
        _, state = await on.get("/v1/plan")
        assert sum(one["frames"] for one in state["predictions"]) == frames
        now = _of(state, state["plan_digest"])
        assert now["predicted_s"] > 0.3 > now["corrected_s"]
        assert now["low_s"] <= now["corrected_s"] <= now["high_s"]
        # What no frame went by is corrected by what the plans share.
        assert all(one["corrected_s"] < 0.8 * one["predicted_s"] for one in state["predictions"])
        assert (await on.get("/v1/profile"))[1]["predictions"][0].keys() == now.keys()


async def test_what_was_learnt_survives_a_restart_with_the_same_profile_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, table_of=_slow_alone, corrections=True) as on:
        for seed in range(20):
            await on.post(picture(seed))
        learnt = (await on.get("/v1/plan"))[1]
    file = tmp_path / "data" / "net" / "corrections.json"
    async with stage(tmp_path, table_of=_slow_alone, corrections=True) as on:
        again = (await on.get("/v1/plan"))[1]
        mine = _of(again, learnt["plan_digest"])
        assert mine["frames"] == 0
        assert mine["corrected_s"] < 0.5 * mine["predicted_s"]
    data = json.loads(file.read_text())
    file.write_text(json.dumps(data | {"profile_sha256": "of another profile"}))
    async with stage(tmp_path, table_of=_slow_alone, corrections=True) as on:
        for one in (await on.get("/v1/plan"))[1]["predictions"]:
            assert one["corrected_s"] == pytest.approx(one["predicted_s"], rel=1e-6)


@pytest.mark.parametrize("content", [b"", b"{", b'{"profile_sha256": 3}', b"\x00\xff"])
async def test_a_broken_file_is_as_none(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "data" / "net"
    folder.mkdir(parents=True)
    (folder / "corrections.json").write_bytes(content)
    async with stage(tmp_path, corrections=True) as on:
        assert (await on.post(picture(1)))[0] == 200


async def test_every_plan_of_the_table_can_be_named(tmp_path: Path) -> None:
    async with stage(tmp_path, corrections=True) as on:
        for plan in choices(on.agent.plans.model.table):
            for name in (f"plan:{plan.digest}", f"plan:{plan.digest[:12]}", f"cut:{plan.cut_key}"):
                status, answer = await on.post(picture(1), strategy=name)
                assert (status, answer["plan_digest"], answer["strategy"]) == (200, plan.digest, name)
                assert answer["answered_by"] == ("cloud" if plan.boundary else "edge")
        # Frames that were told how to go teach nothing and spend nothing.
        assert on.agent.plans.course.known.frames == on.agent.plans.course.frame == 0
        async with on.client.get(f"{on.url}/metrics") as response:
            text = await response.text()
        assert 'strategy="plan"' in text
        assert 'strategy="plan:' not in text


@pytest.mark.parametrize("strategy", ["plan:", "plan:zz", "cut:", "cut:99", "plans:0"])
async def test_a_plan_that_is_not_there(tmp_path: Path, strategy: str) -> None:
    async with stage(tmp_path) as on:
        status, answer = await on.post(picture(1), strategy=strategy)
        assert status == 400
        assert "plan" in answer["error"]
        assert (await on.get("/v1/results"))[1]["results"] == []


async def test_nothing_is_tried_while_the_cloud_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, corrections=True) as on:
        rules: list[Any] = []
        choose = on.agent.plans.for_frame

        def chosen(may_try: Any) -> Any:
            rules.append(may_try)
            return choose(may_try)

        monkeypatch.setattr(on.agent.plans, "for_frame", chosen)
        for mode in ("ok", "hang", "hang"):
            on.cloud.mode = mode
            assert (await on.post(picture(1)))[0] == 200
        assert on.agent.cloud.circuit.is_open
        assert [rule is None for rule in rules] == [False, False, True]


async def test_a_tried_frame_of_a_stream_goes_whole_and_the_deltas_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with middle_stage(tmp_path) as on:
        plans = on.agent.plans
        used, tried = plans.current, plans.model.table.plans[2]
        turns = iter([used, used, (tried, plans.heads.ready(tried)), used])
        monkeypatch.setattr(plans, "for_frame", lambda _usable: next(turns))
        headers = {"X-Evosplit-Stream": "gate"}
        answers = [(await on.post(picture(1), headers=headers))[1] for _ in range(4)]
        whole, delta, other, after = (answer["wire_bytes"] for answer in answers)
        assert answers[2]["plan_digest"] == tried.digest
        assert len({whole, delta, other}) == 3
        assert delta == after < 0.7 * whole


async def test_like_is_compared_with_like(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        middle = on.agent.plans.model.table.plans[1]
        job = Job("1", "default", "net", "planned")
        spent_s = {
            DECODE: 0.9,
            PREPROCESS: 0.1,
            HEAD: 0.02,
            ENCODE: 0.001,
            SEND: 0.05,
            RECEIVE: 0.002,
            FINISH: 0.003,
        }
        for step, seconds in spent_s.items():
            job.times.add(step, seconds)
        job.times.add_cloud_queue(0.01, 1.0, is_told=False)
        link = Link(1e6, 0.03)
        answer = Answer({}, "cloud", middle, middle.cut_key, 1250, sent_as="whole")
        seen = measured(job, answer, link)
        assert seen is not None
        assert seen.prepare_s == pytest.approx(0.1)  # decoding is another step
        assert seen.edge_s == pytest.approx(0.021)
        assert seen.cloud_s == pytest.approx(0.005)
        assert seen.request_s == pytest.approx(0.05 + 0.01 - 0.03 - 0.01)
        assert seen.wire_bytes == 1250
        delta = measured(job, dataclasses.replace(answer, sent_as="delta"), link)
        assert delta is not None
        assert delta.wire_bytes is None
        assert delta.request_s is not None
        assert delta.sent_bytes == answer.wire_bytes
        tried = measured(job, answer, link, is_try=True)  # goes whole, whatever its stream would have sent
        assert tried is not None
        assert (tried.wire_bytes, tried.sent_bytes) == (answer.wire_bytes, None)
        twice = measured(job, dataclasses.replace(answer, sent_as="refused"), link)
        assert twice is not None
        assert twice.request_s is None
        assert twice.wire_bytes is None
        job.times.add_cloud_queue(0.01, 1.0, is_told=True)
        told = measured(job, answer, link)
        assert told is not None
        assert told.request_s == pytest.approx(0.05 - 0.03 - 0.01)  # the queue is followed by itself
        job.times.add_cloud_queue(0.0, 0.5, is_told=False)
        beside = measured(job, answer, link)
        assert beside is not None
        assert beside.request_s is None
        assert measured(job, dataclasses.replace(answer, answered_by="edge-fallback"), link) is None
        again = dataclasses.replace(job, times=StageTimes())  # outputs of NaN: the edge ran it, too
        for name in (HEAD.name, REQUEST, HEAD.name):
            assert measured(again, answer, link) is not None
            again.times.mark(name, 0.0)
        assert measured(again, answer, link) is None
        job.strategy = "edge"
        assert measured(job, answer, link) is None
