"""Panels of dashboards by a real Prometheus, which scrapes an agent and the cloud: each has data."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cloud_support import TOKEN as CLOUD_TOKEN
from cloud_support import Client, app_client, model_folder, plain_request, seeded_feeds
from edge_support import Stage, middle_stage, picture
from fake_cloud import TOKEN as EDGE_TOKEN

from evosplit.shared import oip
from evosplit.shared.token import bearer
from tests.compose.prometheus_support import Prometheus, is_ready, prometheus

DASHBOARDS = sorted((Path(__file__).parents[2] / "compose" / "grafana" / "dashboards").glob("*.json"))
LATER = {"evosplit_plan_agreement", "evosplit_plan_agreement_promised", "evosplit_hook_decisions_total"}
"""Series that begin with the first audit or hook."""
LIMIT_S = 30


@asynccontextmanager
async def serving(client: Client) -> AsyncIterator[str]:
    """The cloud's ``/metrics`` on a port; its application has no server here."""

    async def metrics(request: web.Request) -> web.Response:
        headers = [(name.lower(), value) for name, value in request.raw_headers]
        answer = await client.ask("GET", "/metrics", [b""], headers)
        headers = {"Content-Type": answer.headers["content-type"]}
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    server = TestServer(app)
    await server.start_server()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.close()


async def infer(client: Client) -> None:
    model = client.services.registry.get("chain")
    body, length = oip.build_request(plain_request(seeded_feeds(model)))
    headers = {**bearer(CLOUD_TOKEN), oip.HEADER_LENGTH: str(length)}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    assert (await client.ask("POST", "/v2/models/chain/infer", [body], pairs)).status == 200


def expressions(path: Path) -> list[str]:
    """Queries of all panels, Grafana's variables replaced by what it would put there."""
    texts = [
        target["expr"] for panel in json.loads(path.read_text())["panels"] for target in panel["targets"]
    ]
    plain = [re.sub(r"\$(instance|model)\b", ".*", text.replace("$__rate_interval", "1m")) for text in texts]
    return [text for text in plain if not set(re.findall(r"evosplit_\w+", text)) & LATER]


async def empty(server: Prometheus, path: Path) -> list[str]:
    return [text for text in expressions(path) if not await server.rows(text)]


async def missing(server: Prometheus, on: Stage, client: Client) -> list[str]:
    """What is still without data while frames go on, when all has some or the time is over."""
    end_s, left = time.monotonic() + LIMIT_S, ["not ready"]
    while left and time.monotonic() < end_s:
        await on.post(picture())
        await infer(client)
        if await is_ready(server):
            left = [text for path in DASHBOARDS for text in await empty(server, path)]
        await asyncio.sleep(0.1)
    return left


async def test_every_panel_has_data(tmp_path: Path) -> None:
    with app_client(model_folder(tmp_path / "models")) as client:
        async with middle_stage(tmp_path / "edge") as on, serving(client) as cloud:
            targets = {on.url.removeprefix("http://"): EDGE_TOKEN, cloud: CLOUD_TOKEN}
            async with prometheus(tmp_path, targets) as server:
                assert await missing(server, on, client) == []


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_variables_are_those_that_are_replaced_here(path: Path) -> None:
    variables: list[Any] = json.loads(path.read_text())["templating"]["list"]
    assert {variable["name"] for variable in variables} <= {"instance", "model"}
