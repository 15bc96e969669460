"""The cloud's dashboard in a real browser: log in, its fleet and its models, accessible on a phone, too."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import uvicorn
from browser_support import chromium, tab
from cloud_support import TOKEN, Client, app_client, model_folder

from evosplit.shared.fleet.heartbeat import Heartbeat, PlanInUse
from evosplit.shared.fleet.place import Place

BEAT = Heartbeat("0" * 16, "boot", 1, "f" * 64, plan=PlanInUse("p", "2", (8,)), answered_by={"cloud": 3})
PLACED = {
    "gate-1": Place(-17.7, 178.8, "Fiji"),
    "gate-2": Place(-13.8, -171.8, "Samoa <b>"),
    "gate-3": Place(-17.7, 178.8),
}


@contextlib.asynccontextmanager
async def served(client: Client) -> AsyncIterator[str]:
    """The application on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(client.app, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def test_the_cloud_shows_its_fleet_and_its_models(tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    with app_client(folder) as client:
        services = client.services
        model = services.registry.get("chain")
        await asyncio.to_thread(services.fleet.hear, model, "gate-7", BEAT)
        for number, (name, place) in enumerate(PLACED.items()):
            placed = replace(BEAT, agent=f"{number:016x}", place=place)
            await asyncio.to_thread(services.fleet.hear, model, name, placed)
        phone = {"viewport": {"width": 360, "height": 740}}
        async with chromium() as browser, served(client) as url, tab(browser, url, **phone) as opened:
            await opened.log_in("wrong")
            await opened.shows(".trouble", "This token is not known here.")
            await opened.log_in(TOKEN)
            await opened.shows("#edges", "gate-7")
            await opened.shows("#edges", "cut 2, 8 bits")
            await opened.shows("#map", "gate-1, gate-3")
            await opened.shows("#map", "gate-2")
            told = await opened.page.get_attribute("#map", "aria-label")
            assert told.startswith("Map of 3 edges: gate-1 at Fiji: chain, well; gate-2 at Samoa <b>: ")
            await opened.shows("#unplaced", "Without a place: gate-7")
            await opened.shows("#rollouts", "each edge has plans of its own")
            assert await opened.findings() == []
            await opened.view("Models")
            await opened.shows("#models", "residual")
            await opened.view("Results")
            await opened.shows("main table", "No results for this filter.")
            assert await opened.findings() == []
            assert await opened.page.evaluate("document.documentElement.scrollWidth") <= 360
