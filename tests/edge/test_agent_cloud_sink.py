"""Results that an agent sends to its cloud: each one, once, and nothing of a picture."""

from __future__ import annotations

import json
from pathlib import Path

from edge_support import picture, stage, until

from evosplit.shared.fleet.posted_result import PostedResult


def sent(results: list[PostedResult]) -> list[str]:
    return [posted.result.frame_id for posted in results]


async def test_every_result_reaches_the_cloud_once(tmp_path: Path) -> None:
    async with stage(tmp_path, sink=("cloud",), name="north", thumbnail_bytes=10**6) as on:
        await until(lambda: on.agent.sinks[0].state.is_connected)
        asked = [(await on.post(picture(seed), stream="gate"))[1]["frame_id"] for seed in range(3)]
        await until(lambda: len(on.cloud.results) == 3)
        assert sent(on.cloud.results) == asked
        first = on.cloud.results[0]
        assert (first.node, first.result.stream, first.format) == ("north", "gate", "evosplit.result/1")
        assert first.result == on.agent.store.get(asked[0])
        assert set(json.loads(json.dumps(first.result.outcome))) == {"top"}, "the answer, and no picture"


async def test_with_a_rule_only_what_it_wants(tmp_path: Path) -> None:
    async with stage(tmp_path, sink=('cloud if stream == "gate"',)) as on:
        await until(lambda: on.agent.sinks[0].state.is_connected)
        await on.post(picture(0), stream="yard")
        _, wanted = await on.post(picture(1), stream="gate")
        await until(lambda: len(on.cloud.results) == 1)
        assert sent(on.cloud.results) == [wanted["frame_id"]]
