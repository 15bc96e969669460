"""The demo's client: frames by strategy, each in a stream of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from edge_support import picture, stage
from fake_cloud import TOKEN

from evosplit.cli.demo.client import DemoFrame, EdgeClient
from evosplit.library.client.asynchronous import AsyncClient
from evosplit.shared.errors import EvoSplitError


async def test_frames_go_by_a_strategy_and_are_judged(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, AsyncClient(on.url, TOKEN, retries=0) as agent:
        client = EdgeClient(agent)
        answer = await client.send(DemoFrame(picture(), lambda outcome: "top" in outcome), "edge")
        assert (answer.answered_by, answer.wire_bytes, answer.correct) == ("edge", 0, True)
        assert answer.latency_s > 0
        wrong = await client.send(DemoFrame(picture(1), lambda _: False), "cut:3")
        assert (wrong.cut, wrong.correct) == ("3", False)
        streams = [found.result.stream async for found in agent.results(order="asc")]
        assert streams == ["demo-edge", "demo-cut-3"]
        sent = await client.send(DemoFrame(picture(2), lambda _: True), "picture:jpeg-30")
        assert (sent.cut, sent.answered_by) == ("0", "cloud")
        assert await client.table() == on.agent.plans.model.table
        with pytest.raises(EvoSplitError, match="400"):
            await client.send(DemoFrame(picture(), lambda _: True), "by-mail")
