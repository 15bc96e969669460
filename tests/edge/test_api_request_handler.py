"""Requests that no route ever sees: each is refused in one line of JSON, and the log keeps silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from aiohttp import web
from served_app import served_app
from yarl import URL

from evosplit.edge.api.http_errors import errors_as_json
from evosplit.shared.security.tls import ClientFiles
from tests.certificates import Authority

LONG: Final = b"a" * 9000
HOST: Final = b"Host: x\r\n"
POST: Final = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED: Final = POST + b"Transfer-Encoding: chunked\r\n\r\n"
MANY: Final = b"".join(b"X%d: 1\r\n" % at for at in range(1000))
MALFORMED: Final = {
    "no HTTP": b"nonsense\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + LONG,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "method": b"G\x00T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "version": b"GET / HTTP/9.1\r\n" + HOST + b"\r\n",
    "address": b"GET http://[/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
    "1000 headers": b"GET / HTTP/1.1\r\n"
    + HOST
    + b"".join(b"X%d: 1\r\n" % at for at in range(1000))
    + b"\r\n",
    "chunk size": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "chunk end": CHUNKED + b"3\r\nabcXX\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "both": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "negative": POST + b"Content-Length: -3\r\n\r\nabc",
    "huge": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
}
"""By what is wrong with them."""


async def answer(request: web.Request) -> web.Response:
    return web.json_response({"bytes": len(await request.read())})


def made_app() -> web.Application:
    app = web.Application(middlewares=[errors_as_json])
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    return app


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    async with served_app(made_app()) as address:
        yield address


async def ask(url: str, content: bytes, files: ClientFiles | None = None) -> list[tuple[int, dict[str, Any]]]:
    """Statuses and pages of all answers until the connection ends."""
    target, context = URL(url), None if files is None else files.context()
    reader, writer = await asyncio.open_connection(target.host, target.port, ssl=context)
    writer.write(content)
    try:
        return [one async for one in _answers(reader)]
    finally:
        writer.close()


async def _answers(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    while line := await reader.readline():
        headers = {}
        while (header := await reader.readline()).strip():
            name, _, text = header.decode().partition(":")
            headers[name.lower()] = text.strip()
        assert headers["content-type"].startswith("application/json"), line
        yield int(line.split()[1]), json.loads(await reader.readexactly(int(headers["content-length"])))


def is_line(page: dict[str, Any]) -> bool:
    return set(page) == {"error"} and "\n" not in page["error"] and len(page["error"]) <= 200


@pytest.mark.parametrize("wrong", MALFORMED)
async def test_what_is_malformed_is_400(url: str, wrong: str, caplog: pytest.LogCaptureFixture) -> None:
    ((status, page),) = await ask(url, MALFORMED[wrong])
    assert status == 400
    assert is_line(page), page
    assert not caplog.records


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"GET /" + LONG + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: /" + LONG + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + LONG + b": 1\r\n\r\n", 431),
    ],
)
@pytest.mark.parametrize("with_tls", [False, True])
async def test_what_is_too_long_is_said(
    content: bytes, status: int, with_tls: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    files, own = (authority.server(), ClientFiles(authority.ca)) if with_tls else (None, None)
    async with served_app(made_app(), files, "localhost") as url:
        ((found, page),) = await ask(url, content, files=own)
    assert (found, is_line(page)) == (status, True)
    assert not caplog.records


async def test_more_than_the_length_says_is_another_request(url: str) -> None:
    """Which is malformed; the parser gives up what came before it in the same packet."""
    answers = await ask(url, POST + b"Content-Length: 3\r\n\r\nabc nonsense\r\n\r\n")
    status, page = answers[-1]
    assert (status, is_line(page)) == (400, True)


async def test_an_expectation_that_is_unknown_is_417(url: str) -> None:
    expects = b"Expect: miracles\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
    ((status, page),) = await ask(url, POST + expects)
    assert (status, is_line(page)) == (417, True)
