"""The client's context that changes: new connections trust the new authority alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
import uvloop
from aiohttp import web

from evosplit.shared.errors import UsageError
from evosplit.shared.security.changing_context import ChangingContext
from evosplit.shared.security.tls import ClientFiles
from tests.certificates import Authority


async def answer(_request: web.Request) -> web.Response:
    return web.Response()


async def serve(stack: list[web.AppRunner], authority: Authority) -> str:
    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.append(runner)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server().context())
    await site.start()
    return f"https://localhost:{runner.addresses[0][1]}"


async def play(folder: Path) -> None:
    first, second = Authority(folder / "first"), Authority(folder / "second")
    trusted = folder / "trusted.pem"
    trusted.write_bytes(first.ca.read_bytes())
    context, runners = ChangingContext(ClientFiles(trusted)), []
    old, new = await serve(runners, first), await serve(runners, second)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        async with session.get(old) as reply:
            assert reply.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(new)
        trusted.write_text("no authority")
        with pytest.raises(UsageError, match="cannot use the authority"):
            context.take_up()
        async with session.get(old) as reply:
            assert reply.status == 200
        trusted.write_bytes(second.ca.read_bytes())
        context.take_up()
        async with session.get(new) as reply:
            assert reply.status == 200
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(old)
    for runner in runners:
        await runner.cleanup()


def test_another_authority_without_another_context(tmp_path: Path) -> None:
    asyncio.run(play(tmp_path))


def test_the_same_on_the_loop_of_an_agent(tmp_path: Path) -> None:
    uvloop.run(play(tmp_path))


def test_files_that_cannot_be_used_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot use the authority"):
        ChangingContext(ClientFiles(tmp_path / "gone"))
