"""Bodies of clients: bombs and slow ones are refused within bounds."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import tracemalloc
import zlib

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from evosplit.edge.api.frame_request import read_body
from evosplit.edge.api.http_errors import errors_as_json

LIMIT_BYTES = 10**6


@contextlib.asynccontextmanager
async def serving(timeout_s: float = 60.0):
    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"bytes": len(await read_body(request, timeout_s))})

    app = web.Application(middlewares=[errors_as_json], client_max_size=LIMIT_BYTES)
    app.add_routes([web.post("/", handler)])
    server = TestServer(app)
    await server.start_server(auto_decompress=False)
    try:
        async with ClientSession() as session:
            yield session, str(server.make_url("/"))
    finally:
        await server.close()


def bomb(size_bytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(bytes(10**6)) for _ in range(size_bytes // 10**6)]
    return b"".join(parts) + packer.flush()


async def test_a_packed_body_is_unpacked() -> None:
    async with serving() as (session, url):
        for coding, content in (
            ("gzip", gzip.compress(b"x" * 1000)),
            ("deflate", zlib.compress(b"x" * 1000)),
        ):
            async with session.post(url, data=content, headers={"Content-Encoding": coding}) as answer:
                assert await answer.json() == {"bytes": 1000}


async def test_a_bomb_takes_no_more_than_the_limit() -> None:
    content = bomb(300 * 10**6)
    async with serving() as (session, url):
        tracemalloc.start()
        try:
            async with session.post(url, data=content, headers={"Content-Encoding": "gzip"}) as answer:
                assert answer.status == 413
                assert set(await answer.json()) == {"error"}
            assert tracemalloc.get_traced_memory()[1] < 10 * LIMIT_BYTES
        finally:
            tracemalloc.stop()


async def test_an_idle_connection_holds_no_body() -> None:
    clients, content = 16, bytes(LIMIT_BYTES)

    async def post(session: ClientSession, url: str) -> None:
        async with session.post(url, data=content) as answer:
            assert await answer.json() == {"bytes": LIMIT_BYTES}

    async with serving() as (session, url):
        tracemalloc.start()
        try:
            await asyncio.gather(*(post(session, url) for _ in range(clients)))
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] < clients * LIMIT_BYTES / 4
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    ("coding", "content", "status"),
    [("br", b"x", 415), ("gzip", b"x", 400), ("gzip", gzip.compress(b"x", mtime=0)[:-3], 400)],
)
async def test_what_is_no_packed_body(coding: str, content: bytes, status: int) -> None:
    headers = {"Content-Encoding": coding}
    async with serving() as (session, url), session.post(url, data=content, headers=headers) as answer:
        assert answer.status == status
        assert "\n" not in (await answer.json())["error"]


async def test_a_slow_body_is_ended() -> None:
    async def drops():
        yield b"x"
        await asyncio.sleep(60)
        yield b"x"

    async with serving(timeout_s=0.05) as (session, url), session.post(url, data=drops()) as answer:
        assert answer.status == 408
        assert await answer.json() == {"error": "the body did not arrive within 0.05 s"}
