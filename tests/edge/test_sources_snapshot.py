"""Snapshots over HTTP: fetched again and again, the same one only once."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from evosplit.edge.sources.snapshot import SnapshotSource
from evosplit.edge.sources.source import SourceError
from evosplit.edge.sources.source_settings import source_settings


def _source(url: str, **told: Any) -> SnapshotSource:
    told = {"name": "camera", "address": f"snapshot+{url}", "rate": 200, **told}
    return SnapshotSource(source_settings(told))


async def test_a_picture_comes_when_it_has_changed() -> None:
    script = [b"a", b"a", b"b", b"a"]

    async def snapshot(_request: web.Request) -> web.Response:
        return web.Response(body=script.pop(0)) if script else web.Response(status=503)

    app = web.Application()
    app.router.add_get("/snap", snapshot)
    async with TestServer(app) as server:
        frames = _source(str(server.make_url("/snap"))).frames()
        assert [(await anext(frames)).content for _ in range(3)] == [b"a", b"b", b"a"]
        with pytest.raises(SourceError, match="503"):
            await anext(frames)


async def test_nobody_there_is_an_error(unused_tcp_port: int) -> None:
    async with contextlib.aclosing(_source(f"http://127.0.0.1:{unused_tcp_port}/x").frames()) as frames:
        with pytest.raises(SourceError, match="does not answer"):
            await anext(frames)
