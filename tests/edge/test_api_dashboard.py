"""The agent's dashboard: its files are open, what it reads is not."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from edge_support import stage

from evosplit.shared.replan import choices
from evosplit.shared.web.page_files import page_files


async def test_the_page_is_open_and_what_it_reads_is_not(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent") as on, aiohttp.ClientSession() as stranger:
        for path, item in page_files().items():
            async with stranger.get(on.url + path) as answer:
                assert (answer.status, await answer.read()) == (200, item.content)
                assert answer.headers["Content-Type"] == item.content_type
                assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        for path in ("/ui/", "/ui/nothing.js", "/v1/network", "/v1/sinks", "/v1/plan", "/ui/../v1/plan"):
            async with stranger.get(on.url + path) as answer:
                assert answer.status == 401, path


async def test_files_that_are_known_are_not_sent_again(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent") as on:
        known = {"If-None-Match": page_files()["/"].etag}
        async with on.client.get(f"{on.url}/", headers=known) as answer:
            assert (answer.status, await answer.read()) == (304, b"")


async def test_the_network_says_what_each_plan_keeps_on_the_edge(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent") as on:
        status, network = await on.get("/v1/network")
        model = on.agent.plans.model
        assert status == 200
        assert [layer["name"] for layer in network["layers"]] == [layer.name for layer in model.graph.layers]
        digests = [plan["digest"] for plan in network["plans"]]
        assert digests == [plan.digest for plan in choices(model.table)]
        by_cut = {plan["cut_key"]: plan["edge_layers"] for plan in network["plans"]}
        assert by_cut == {"0": [], "3": [0, 1, 2], "7": list(range(7))}


async def test_sinks_are_told(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent") as on:
        assert await on.get("/v1/sinks") == (200, {"sinks": []})
