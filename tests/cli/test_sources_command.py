"""`evosplit sources` against a real agent: added, changed, paused, removed; wrong usage."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from edge_support import Stage, stage
from fake_cloud import TOKEN

from evosplit.cli.main import main


async def _run(on: Stage, *command: str) -> Result:
    env = {"EVOSPLIT_TOKEN": TOKEN}
    ask = ["sources", *command, "--edge", on.url]
    return await asyncio.to_thread(CliRunner().invoke, main, ask, env=env)


async def _done(on: Stage, *command: str) -> str:
    ran = await _run(on, *command)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


async def _listed(on: Stage) -> dict[str, Any]:
    told = json.loads(await _done(on, "list", "--json"))
    return {source["name"]: source for source in told["sources"]}


async def test_a_source_from_its_addition_to_its_removal(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    async with stage(tmp_path / "agent", hooks=False) as on:
        await _done(on, "add", "inbox", f"{inbox}/", "--rate", "5", "--every", "2")
        listed = await _done(on, "list")
        assert "inbox" in listed
        assert "None" not in listed
        await _done(on, "change", "inbox", "--rate", "2")
        source = (await _listed(on))["inbox"]
        assert (source["rate"], source["every"], source["paused"]) == (2, 2, False)
        await _done(on, "pause", "inbox")
        source = (await _listed(on))["inbox"]
        assert (source["rate"], source["paused"]) == (2, True)
        await _done(on, "resume", "inbox")
        assert not (await _listed(on))["inbox"]["paused"]
        await _done(on, "remove", "inbox")
        assert await _listed(on) == {}


async def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        for command, said in {
            ("pause", "gone"): "no source",
            ("remove", "gone"): "no source",
            ("change", "gone"): "say what to change",
            ("add", "x", "ftp://somewhere/x"): "ftp:// is not read",
        }.items():
            ran = await _run(on, *command)
            assert ran.exit_code != 0
            assert said in ran.output
            assert "Traceback" not in ran.output
