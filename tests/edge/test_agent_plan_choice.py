"""An agent that an operator holds to a plan: by digest or cut, through restarts, tables and dead clouds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from edge_support import Stage, middle_stage, picture, stage, until
from table_support import model_of, other_bundle

from evosplit.edge.head.assemble import HeadOptions
from evosplit.edge.head.bundle_set import bundle_set
from evosplit.edge.head.table_heads import Heads
from evosplit.shared.replan import choices


async def _put(on: Stage, body: Any) -> tuple[int, Any]:
    async with on.client.put(f"{on.url}/v1/plan/choice", json=body) as answer:
        return answer.status, await answer.json()


def _digest(on: Stage, cut_key: str) -> str:
    return next(plan.digest for plan in choices(on.agent.plans.model.table) if plan.cut_key == cut_key)


async def _metrics(on: Stage) -> str:
    async with on.client.get(f"{on.url}/metrics") as answer:
        return await answer.text()


async def test_a_pinned_plan_is_used_whatever_the_link_says_and_left_when_unpinned(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        automatic = {"automatic": True, "plan": None, "cut": None, "is_kept": False}
        assert await on.get("/v1/plan/choice") == (200, automatic)
        digest = _digest(on, "3")
        status, choice = await _put(on, {"plan": digest[:8]})
        assert (status, choice["plan"], choice["is_kept"]) == (200, digest, True)
        answer = (await on.post(picture(1)))[1]
        assert (answer["plan_digest"], answer["strategy"]) == (digest, "planned")
        assert (await on.get("/v1/plan"))[1]["choice"] == choice
        assert (await on.get("/v1/profile"))[1]["choice"] == choice
        assert "evosplit_plan_pinned 1.0" in await _metrics(on)
        assert (await _put(on, {"automatic": True}))[1] == automatic
        assert (await on.post(picture(2)))[1]["cut_key"] == "0"


async def test_a_pinned_cut_answers_alone_while_the_cloud_is_away(tmp_path: Path) -> None:
    async with middle_stage(tmp_path / "agent", hooks=False) as on:
        assert (await _put(on, {"cut": "0"}))[0] == 200
        assert (await on.post(picture(1)))[1]["cut_key"] == "0"
        on.cloud.mode = "500"
        answers = {(await on.post(picture(seed)))[1]["answered_by"] for seed in range(2, 6)}
        assert answers == {"edge-fallback"}
        on.cloud.mode = "ok"
        await until(lambda: not on.agent.clouds.are_away)
        assert (await on.post(picture(7)))[1]["answered_by"] == "cloud"


@pytest.mark.parametrize(
    "body",
    [
        *([], {}, {"plan": "ffffffff"}, {"plan": ""}, {"cut": "77"}, {"plan": "a", "cut": "3"}),
        *({"automatic": False}, {"cut": 3}, {"colour": "red"}),
    ],
)
async def test_what_is_no_choice_is_refused_and_changes_nothing(tmp_path: Path, body: Any) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        await _put(on, {"cut": "3"})
        status, answer = await _put(on, body)
        assert status == 400
        assert set(answer) == {"error"}
        assert (await on.get("/v1/plan/choice"))[1]["cut"] == "3"


async def test_a_pin_outlives_the_agent(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        await _put(on, {"plan": _digest(on, "3")})
    async with stage(tmp_path / "agent", hooks=False) as on:
        assert (await on.post(picture(1)))[1]["cut_key"] == "3"
        await _put(on, {"automatic": True})
    async with stage(tmp_path / "agent", hooks=False) as on:
        assert (await on.get("/v1/plan/choice"))[1]["automatic"]


async def test_in_another_table_a_pinned_plan_is_followed_by_its_cut(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        await _put(on, {"plan": _digest(on, "3")})
        bundle = other_bundle(on, tmp_path / "next.evb")
        await on.agent.plans.adopt(model_of(on, bundle), Heads(bundle_set(bundle), HeadOptions()))
        assert (await on.post(picture(1)))[1]["plan_digest"] == _digest(on, "3")
        await _put(on, {"cut": "0"})
        lacking = other_bundle(on, tmp_path / "last.evb", raw=False)
        await on.agent.plans.adopt(model_of(on, lacking), Heads(bundle_set(lacking), HeadOptions()))
        assert (await on.get("/v1/plan/choice"))[1]["automatic"]
        assert "no plan with the pinned cut 0" in caplog.text


async def test_a_pinned_plan_that_broke_its_promise_does_not_serve(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        pinned = _digest(on, "3")
        await _put(on, {"plan": pinned})
        await on.agent.plans.distrust(frozenset({pinned}), None)
        assert (await on.post(picture(1)))[1]["cut_key"] == "0"
        assert (await on.get("/v1/plan/choice"))[1]["is_kept"] is False
        assert (await _put(on, {"plan": pinned}))[0] == 400
