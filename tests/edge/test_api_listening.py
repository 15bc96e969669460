"""The agent's listening side over TLS: who is trusted, and certificates that change while it serves."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from edge_support import until
from served_app import served_app

from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.link.uplink import Uplink
from evosplit.library.client.service_errors import ServiceUnavailableError
from evosplit.library.client.synchronous import Client
from evosplit.shared.errors import CloudUnavailableError, UsageError
from evosplit.shared.security.tls import ClientFiles, ServerFiles
from tests.certificates import DAY, Authority


async def answer(_request: web.Request) -> web.Response:
    return web.json_response({"name": "evosplit"})


@contextlib.asynccontextmanager
async def served(files: ServerFiles | None, head_s: float = 60.0, most: int = 100):
    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    bounds = {"every_s": 0.01, "most_connections": most, "head_timeout_s": head_s}
    async with served_app(app, files, "localhost", **bounds) as url:
        yield url


async def probe(url: str, files: ClientFiles) -> int:
    async with cloud_session(files.context()) as session:
        return (await Uplink(session, url, "net", "token").probe(0, 10.0)).sent_bytes


async def test_a_known_authority_is_trusted(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with served(authority.server()) as url:
        assert await probe(url, ClientFiles(authority.ca)) > 0


async def test_without_tls_as_ever() -> None:
    async with served(None) as url, cloud_session() as session:
        assert (await Uplink(session, url, "net", "token").probe(0, 10.0)).sent_bytes > 0


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("authority", "unable to get local issuer certificate|self-signed certificate"),
        ("expired", "certificate has expired"),
        ("host", "Hostname mismatch, certificate is not valid for 'localhost'"),
    ],
)
async def test_who_is_refused_and_in_which_line(tmp_path: Path, fault: str, line: str) -> None:
    authority = Authority(tmp_path / "own")
    trusted = Authority(tmp_path / "other") if fault == "authority" else authority
    hosts = ("elsewhere",) if fault == "host" else ("localhost",)
    files = authority.server(hosts=hosts, age=2 * DAY if fault == "expired" else 0 * DAY)
    whole = f"its certificate is not trusted: ({line})"
    async with served(files) as url:
        with pytest.raises(CloudUnavailableError, match=f"^the cloud is away: {whole}"):
            await probe(url, ClientFiles(trusted.ca))
        async with cloud_session(ClientFiles(trusted.ca).context()) as session:
            planner = PlannerClient(session, url, "net", "token")
            with pytest.raises(CloudUnavailableError, match=f"^the cloud at {url} is away: {whole}"):
                await planner.describe()
        with pytest.raises(ServiceUnavailableError, match=f"^no answer from {url}: {whole}"):
            await asyncio.to_thread(models, url, trusted.ca)


def models(url: str, ca: Path) -> object:
    with Client(url, "token", ca_file=ca) as client:
        return client.models()


async def test_clients_show_a_certificate_where_one_is_asked_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with served(replace(authority.server(), client_ca=authority.ca)) as url:
        assert await probe(url, authority.client()) > 0
        with pytest.raises(CloudUnavailableError, match="the cloud is away: "):
            await probe(url, ClientFiles(authority.ca))


async def test_a_certificate_changes_while_a_connection_is_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    first, second = Authority(tmp_path / "first"), Authority(tmp_path / "second")
    files, other = first.server(), second.server()
    async with (
        served(files) as url,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ClientFiles(first.ca).context())) as open_,
    ):
        assert (await open_.get(url)).status == 200
        other.certificate.replace(files.certificate)
        await until(lambda: "the certificate in use stays" in caplog.text)
        other.key.replace(files.key)
        await until(lambda: "a new certificate is in use" in caplog.text)
        assert await probe(url, ClientFiles(second.ca)) > 0
        assert (await open_.get(url)).status == 200
        with pytest.raises(CloudUnavailableError, match="not trusted"):
            await probe(url, ClientFiles(first.ca))


async def test_files_that_do_not_fit_are_refused_at_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = replace(authority.server(), key=authority.server("other").key)
    with pytest.raises(UsageError, match="mismatch"):
        async with served(files):
            pass


def test_old_protocols_are_refused(tmp_path: Path) -> None:
    assert Authority(tmp_path).server().context().minimum_version == ssl.TLSVersion.TLSv1_2


async def test_slow_heads_are_ended_and_hold_nobody_up() -> None:
    """Slow loris: a byte at a time; others are answered meanwhile."""
    async with served(None, head_s=0.3) as url, aiohttp.ClientSession() as session:
        host, port = url.removeprefix("http://").split(":")
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(50)]
        for _, writer in slow:
            writer.write(b"GET / HTTP/1.1\r\nHost: ")
        async with session.get(url) as answer:
            assert answer.status == 200
        for reader, writer in slow:
            with contextlib.suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b"a")
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(reader.read(1), 0.02)
            writer.close()


async def test_connections_beyond_the_bound_are_closed() -> None:
    async with served(None, most=5) as url, aiohttp.ClientSession() as session:
        host, port = url.removeprefix("http://").split(":")
        held = [await asyncio.open_connection(host, int(port)) for _ in range(5)]
        held[0][1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await held[0][0].readline()).startswith(b"HTTP/1.1 200")
        with pytest.raises(aiohttp.ClientError):
            await session.get(url)
        for _, writer in held:
            writer.close()
        while not await _answers(session, url):
            await asyncio.sleep(0.01)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def test_an_oversized_head_is_refused() -> None:
    headers = {"X-Long": "a" * 9000}
    async with (
        served(None) as url,
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers) as answer,
    ):
        assert answer.status == 431
