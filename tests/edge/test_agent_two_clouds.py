"""An agent with a near and a far cloud: plans choose which, and a cloud that dies loses no frame."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from edge_support import picture, until
from net_bundle import MIDDLE_BPS
from two_clouds import LOGIN_PAGE, Pair, two_clouds

from evosplit.edge.pipeline.clouds import Request
from evosplit.shared.errors import CloudUnavailableError


async def _ready(on: Pair) -> None:
    """All heads are built, and the near cloud is used."""
    await until(lambda: on.agent.plans.heads_ready() == 3 and on.used == on.urls[0])


async def test_a_dead_near_cloud_is_replaced_by_the_far_one_and_used_again(tmp_path: Path) -> None:
    async with two_clouds(tmp_path) as on:
        near, far = on.urls
        await _ready(on)
        assert (await on.post(0))["cloud"] == near
        on.near.page = LOGIN_PAGE
        answers = [await on.post(seed) for seed in range(1, 6)]
        assert [(one["answered_by"], one["cloud"]) for one in answers] == [("cloud", far)] * 5
        assert on.used == far
        on.near.page = None
        await until(lambda: on.used == near)
        last = await on.post(6)
        assert (last["answered_by"], last["cloud"]) == ("cloud", near)
        stored = json.loads(await on.text("/v1/results"))["results"]
        assert sorted(one["cloud"] for one in stored) == sorted([near, *[far] * 5, near])
        metrics = await on.text("/metrics")
        assert f'evosplit_cloud_frames_total{{cloud="{far}"}} 5.0' in metrics
        assert f'evosplit_cloud_up{{cloud="{near}"}} 1.0' in metrics


async def test_the_frame_that_finds_the_near_cloud_dead_goes_to_the_far_one(tmp_path: Path) -> None:
    async with two_clouds(tmp_path, corrections=True, probe_interval_s=60.0) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        digests = {plan.cloud: plan.digest for plan in on.agent.plans.model.table.plans}
        learnt = on.agent.plans.course.known.frames
        on.near.page = LOGIN_PAGE
        answer = await on.post(1, strategy=f"plan:{digests[on.urls[0]]}")
        assert (answer["answered_by"], answer["cloud"]) == ("cloud", on.urls[1])
        assert on.agent.plans.course.known.frames == learnt
        assert not on.agent.clouds.are_away


@pytest.mark.parametrize("mode", ["500", "garbage", "cut-off"])
async def test_a_near_cloud_that_refuses_is_replaced_as_well(tmp_path: Path, mode: str) -> None:
    async with two_clouds(tmp_path, probe_interval_s=60.0) as on:
        await _ready(on)
        on.near.mode = mode
        answer = await on.post(1)
        assert (answer["answered_by"], answer["cloud"]) == ("cloud", on.urls[1])


async def test_deltas_of_a_stream_stay_with_their_cloud(tmp_path: Path) -> None:
    async with two_clouds(tmp_path, bandwidth_bps=MIDDLE_BPS) as on:
        near, far = on.urls
        await until(lambda: on.agent.plans.heads_ready() == 3 and on.agent.plans.plan.cut_key == "3")
        await until(lambda: on.used == near)
        whole, delta = [(await on.post(1, "gate"))["wire_bytes"] for _ in range(2)]
        assert delta < 0.7 * whole
        on.near.page = LOGIN_PAGE
        sizes = [(one["cloud"], one["wire_bytes"]) for one in [await on.post(1, "gate") for _ in range(3)]]
        assert [cloud for cloud, _ in sizes] == [far] * 3
        assert sizes[0][1] > 1.2 * delta  # it stands alone: the far cloud lacks what the near one has
        assert sizes[2][1] < 0.7 * whole
        on.near.page = None
        await until(lambda: on.used == near)
        assert (await on.post(1, "gate"))["wire_bytes"] == delta  # the near one still has its own


async def test_a_near_cloud_with_a_long_queue_is_left_and_used_again_when_it_is_idle(tmp_path: Path) -> None:
    async with two_clouds(tmp_path, probe_interval_s=0.02) as on:
        near, far = on.urls
        await _ready(on)
        on.near.wait_s = 0.8
        await until(lambda: on.used == far)
        assert (await on.post(1))["cloud"] == far
        on.near.wait_s = 0.0
        await until(lambda: on.used == near)
        state = json.loads(await on.text("/v1/plan"))
        assert [(one["cloud"], one["is_up"], one["is_used"]) for one in state["clouds"]] == [
            (near, True, True),
            (far, True, False),
        ]


async def test_with_both_away_the_edge_answers(tmp_path: Path) -> None:
    async with two_clouds(tmp_path) as on:
        await _ready(on)
        on.near.page = on.far.page = LOGIN_PAGE
        answer = await on.post(1)
        assert (answer["answered_by"], answer["cloud"]) == ("edge-fallback", None)
        assert json.loads(await on.text("/v1/plan"))["cloud"] == "away"


async def test_what_waited_goes_to_the_cloud_that_is_there_first(tmp_path: Path) -> None:
    async with two_clouds(tmp_path, with_fallback=False) as on:
        await until(lambda: on.agent.plans.heads_ready() == 2)
        on.near.page = on.far.page = LOGIN_PAGE
        async with on.client.post(
            f"{on.url}/v1/frames", data=picture(1), params={"frame_id": "late"}
        ) as response:
            assert response.status == 202
        on.far.page = None
        await until(lambda: on.agent.store.get("late") is not None)
        result = on.agent.store.get("late")
        assert result is not None
        assert (result.answered_by, result.cloud, result.late) == ("cloud", on.urls[1], True)


async def test_a_request_that_no_cloud_answers_says_so(tmp_path: Path) -> None:
    async with two_clouds(tmp_path) as on:
        on.near.page = on.far.page = LOGIN_PAGE
        await until(lambda: on.agent.clouds.are_away)
        with pytest.raises(CloudUnavailableError):
            await on.agent.clouds.infer("", Request("evosplit_frame", b"frame"))
        assert on.agent.clouds.wait_s(0.0) > 0
