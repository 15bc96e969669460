"""Region of an agent, set while it serves: no frame fails, it holds after a restart, and can be lifted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from edge_support import Stage, middle_stage, picture

REGION = [0.25, 0.0, 1.0, 0.5]


async def _put(on: Stage, body: Any) -> tuple[int, Any]:
    async with on.client.put(f"{on.url}/v1/region", json=body) as answer:
        return answer.status, await answer.json()


async def _masks(on: Stage) -> list[str]:
    """The hooks of the head that answers one more picture."""
    assert (await on.post(picture(5), stream="gate"))[0] == 200
    assert on.agent.plans.current is not None
    return [hook.name for hook in on.agent.plans.current[1].given]


async def test_frames_go_on_while_the_region_changes(tmp_path: Path) -> None:
    async with middle_stage(tmp_path / "agent", hooks=False) as on:
        before = on.agent
        assert await on.get("/v1/region") == (200, {"region": None})
        assert await _masks(on) == []
        changing = asyncio.create_task(_put(on, {"region": REGION}))
        answers = [await on.post(picture(1))]
        while not changing.done():
            answers.append(await on.post(picture(len(answers))))
        assert await changing == (200, {"region": REGION})
        assert {status for status, _ in answers} == {200}
        assert on.agent is not before
        assert on.agent.store is before.store
        assert await _masks(on) == ["region"]
        page = (await on.get("/v1/results", limit="1000"))[1]
        assert len(page["results"]) == len(answers) + 2


async def test_a_region_outlives_the_agent_until_it_is_lifted(tmp_path: Path) -> None:
    async with middle_stage(tmp_path / "agent", hooks=False) as on:
        await _put(on, {"region": REGION})
    async with middle_stage(tmp_path / "agent", hooks=False, region=(0.0, 0.0, 0.5, 0.5)) as on:
        assert (await on.get("/v1/region"))[1] == {"region": REGION}
        assert await _masks(on) == ["region"]
        assert await _put(on, {"region": None}) == (200, {"region": None})
        assert await _masks(on) == []


@pytest.mark.parametrize(
    "body", [{}, [], {"region": [0, 0, 1]}, {"region": [0.5, 0, 0.2, 1]}, {"area": None}]
)
async def test_what_is_no_region_is_refused(tmp_path: Path, body: Any) -> None:
    async with middle_stage(tmp_path / "agent", hooks=False) as on:
        agent = on.agent
        status, answer = await _put(on, body)
        assert status == 400
        assert set(answer) == {"error"}
        assert on.agent is agent
