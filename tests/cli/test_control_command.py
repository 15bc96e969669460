"""`evosplit control` against a real agent: show, pin by plan and by cut, unpin, and wrong usage."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from edge_support import Stage, stage
from fake_cloud import TOKEN

from evosplit.cli.main import main
from evosplit.shared.replan import choices


async def _run(on: Stage, *command: str) -> Result:
    env = {"EVOSPLIT_TOKEN": TOKEN}
    ask = ["control", *command, "--edge", on.url]
    return await asyncio.to_thread(CliRunner().invoke, main, ask, env=env)


async def _told(on: Stage, *command: str) -> Any:
    ran = await _run(on, *command)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


async def test_a_plan_is_pinned_shown_and_let_go(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        digest = next(plan.digest for plan in choices(on.agent.plans.model.table) if plan.cut_key == "3")
        assert (await _told(on, "pin", digest[:6]))["plan"] == digest
        assert (await _told(on, "show"))["is_kept"]
        assert (await _told(on, "pin", "--cut", "0"))["cut"] == "0"
        assert (await _told(on, "unpin"))["automatic"]
        assert (await _told(on, "region", "0,0,0.5,1")) == {"region": [0, 0, 0.5, 1]}
        assert (await _told(on, "show"))["region"] == [0, 0, 0.5, 1]
        assert (await _told(on, "region", "all")) == {"region": None}


async def test_what_names_no_plan_is_wrong(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        for command in (("pin",), ("pin", "5f2a", "--cut", "3"), ("pin", "ffffffff"), ("region", "1")):
            ran = await _run(on, *command)
            assert ran.exit_code != 0
            assert "rror" in ran.output or "evosplit: " in ran.output
