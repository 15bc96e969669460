"""Named streams through a whole agent and a cloud: deltas, refusals, restarts, frames at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from edge_support import Stage, middle_stage, picture, until, use_the_middle
from net_bundle import middle_only


async def post(on: Stage, seed: int, stream: str | None = "gate") -> dict[str, Any]:
    headers = {} if stream is None else {"X-Evosplit-Stream": stream}
    status, answer = await on.post(picture(seed), headers=headers)
    assert (status, answer["answered_by"]) == (200, "cloud"), answer
    return answer


async def computed(on: Stage, frame: asyncio.Task[Any]) -> asyncio.Task[Any]:
    """The frame, once the cloud has computed one more."""
    before = on.cloud.computed
    await until(lambda: on.cloud.computed > before)
    return frame


def same(outcome: Any, expected: Any) -> bool:
    """Equal but for the ranges of the codes, which are a stream's own where the plan has none."""
    scores = [{each["label"]: each["score"] for each in some["top"]} for some in (outcome, expected)]
    return bool(scores[0] == pytest.approx(scores[1], abs=0.005))


async def test_the_second_frame_of_a_stream_is_a_delta(tmp_path: Path) -> None:
    async with middle_stage(tmp_path) as on:
        first, second = await post(on, 1), await post(on, 1)
        assert second["wire_bytes"] < first["wire_bytes"] * 0.7
        assert same(second["outcome"], first["outcome"])
        assert len(on.cloud.streams) == 1


async def test_a_frame_is_a_delta_before_the_one_it_builds_on_has_its_answer(tmp_path: Path) -> None:
    async with middle_stage(tmp_path) as on:
        expected = (await post(on, 1, None))["outcome"]
        on.cloud.mode = "late"
        on.cloud.go_on.clear()
        posts = [await computed(on, asyncio.create_task(post(on, 1))) for _ in range(3)]
        on.cloud.go_on.set()
        whole, *deltas = answers = await asyncio.gather(*posts)
        assert max(each["wire_bytes"] for each in deltas) < whole["wire_bytes"] * 0.7
        assert all(same(each["outcome"], expected) for each in answers)


async def test_frames_without_a_stream_go_whole(tmp_path: Path) -> None:
    async with middle_stage(tmp_path) as on:
        first, second = await post(on, 1, None), await post(on, 1, None)
        assert second["wire_bytes"] == first["wire_bytes"]
        assert len(on.cloud.streams) == 0


async def test_a_cloud_that_forgot_gets_the_frame_whole_and_is_not_blamed(tmp_path: Path) -> None:
    async with middle_stage(tmp_path) as on:
        first = await post(on, 1)
        on.cloud.restart()
        calls = len(on.cloud.calls)
        healed = await post(on, 1)
        assert [path for path in on.cloud.calls[calls:] if path.endswith("infer")] == [
            "/v2/models/net/infer"
        ] * 2
        assert healed["wire_bytes"] > first["wire_bytes"]  # the delta, and the whole frame
        assert same(healed["outcome"], first["outcome"])
        assert not on.agent.cloud.circuit.is_open
        assert (await post(on, 1))["wire_bytes"] < first["wire_bytes"] * 0.7


@pytest.mark.parametrize("mode", ["500", "garbage", "cut-off", "hang"])
async def test_a_frame_that_is_lost_harms_no_other(tmp_path: Path, mode: str) -> None:
    async with middle_stage(tmp_path) as on:
        answers = {seed: (await post(on, seed))["outcome"] for seed in (1, 2)}
        on.cloud.mode = mode
        status, answer = await on.post(picture(2), headers={"X-Evosplit-Stream": "gate"})
        assert (status, answer["answered_by"]) == (200, "edge-fallback")
        on.cloud.mode = "ok"
        await until(lambda: not on.agent.cloud.circuit.is_open)
        await use_the_middle(on)
        for seed in (1, 2):
            assert same((await post(on, seed))["outcome"], answers[seed])


async def test_many_frames_of_several_streams_at_once(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, table_of=middle_only) as on:
        expected = {seed: (await post(on, seed, None))["outcome"] for seed in range(4)}
        on.cloud.bandwidth_bps = 1e9
        at_once = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with at_once:
                if number % 10 == 0:
                    on.cloud.restart()
                answer = await post(on, number % 4, f"camera {number % 3}")
            assert same(answer["outcome"], expected[number % 4])

        await asyncio.gather(*(one(number) for number in range(60)))
