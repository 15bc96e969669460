"""Answers that lie about their size, and names whose address changes."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from edge_support import picture, stage
from net_bundle import load_net

from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.link.answer_size import HEAD_BYTES, most_answer_bytes
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.link.uplink import Uplink
from evosplit.shared.errors import CloudUnavailableError, NotOurCloudError, OversizedAnswerError
from evosplit.shared.oip import BINARY_TYPE, HEADER_LENGTH

MIB = 1 << 20
HEAD = {"Content-Type": BINARY_TYPE, HEADER_LENGTH: "2"}


@dataclass
class Liar:
    """Answers whatever it is asked as ``answer`` does; ``sent_bytes`` is what it could get rid of."""

    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    sent_bytes: int = 0
    peers: set[object] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.peers.add(request.transport)
        await request.read()
        return await self.answer(request)

    async def endless(self, request: web.Request) -> web.StreamResponse:
        """Ten gigabytes in pieces of one MiB."""
        response = web.StreamResponse(headers=HEAD)
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(bytes(MIB))
            self.sent_bytes += MIB
        return response

    async def promised(self, request: web.Request) -> web.StreamResponse:
        """A head that announces ten gigabytes."""
        response = web.StreamResponse(headers=HEAD | {"Content-Length": str(10**10)})
        await response.prepare(request)
        await response.write(b"x")
        return response

    async def bomb(self, _request: web.Request) -> web.StreamResponse:
        """Some kB that unpack to 64 MiB."""
        coding = {"Content-Encoding": "gzip"}
        return web.Response(body=gzip.compress(bytes(64 * MIB)), headers=HEAD | coding)


@pytest_asyncio.fixture
async def liar() -> AsyncIterator[tuple[Liar, str]]:
    lying = Liar(lambda request: lying.endless(request))
    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", lying.handle)])
    server = TestServer(app)
    await server.start_server()
    yield lying, str(server.make_url(""))
    await server.close()


@pytest.mark.parametrize("lie", ["endless", "promised", "bomb"])
async def test_an_answer_is_never_longer_than_the_outputs_can_be(
    liar: tuple[Liar, str], lie: str, tmp_path: Path
) -> None:
    lying, url = liar
    lying.answer = getattr(lying, lie)
    most_bytes = most_answer_bytes(load_net(tmp_path))
    assert HEAD_BYTES < most_bytes < 2 * HEAD_BYTES
    async with cloud_session() as session:
        uplink = Uplink(session, url, "net", "-", answer_bytes=most_bytes)
        for ask in (uplink.infer("evosplit_frame", b"frame", 10.0), uplink.probe(0, 10.0)):
            with pytest.raises(OversizedAnswerError, match="larger than the 26"):
                await ask
        assert lying.sent_bytes < 40 * MIB  # what fits the buffers of two connections
    assert len(lying.peers) == 2  # a connection that lied is not used again


async def test_plans_are_bounded_as_well(liar: tuple[Liar, str]) -> None:
    lying, url = liar
    lying.answer = lying.promised
    async with cloud_session() as session:
        client = PlannerClient(session, url, "net", "-")
        for ask in (client.describe(), client.skeleton(), client.rtt_s()):
            with pytest.raises(OversizedAnswerError):
                await ask


async def test_what_unpacks_to_a_proper_answer_is_one(liar: tuple[Liar, str]) -> None:
    lying, url = liar

    async def packed(_request: web.Request) -> web.StreamResponse:
        coding = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=gzip.compress(b"{}"), headers=coding)

    async def broken(_request: web.Request) -> web.StreamResponse:
        coding = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=b"not gzip", headers=coding)

    async with cloud_session() as session:
        lying.answer = packed
        assert (await Uplink(session, url, "net", "-").probe(0, 10.0)).sent_bytes > 0
        lying.answer = broken
        with pytest.raises(NotOurCloudError):
            await Uplink(session, url, "net", "-").probe(0, 10.0)


async def test_an_agent_before_a_cloud_that_lies_answers_by_itself(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.cloud.page = (200, BINARY_TYPE, bytes(4 * MIB))
        status, answer = await on.post(picture(1), strategy="cloud-raw")
        assert (status, answer["answered_by"]) == (200, "edge-fallback")
        with pytest.raises(CloudUnavailableError):
            await on.agent.cloud.probe(0)
