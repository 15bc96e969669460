"""Webhooks against a real HTTP server, verified by the library of the Standard Webhooks specification."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sink_support import NODE, result
from standardwebhooks import Webhook as Verifier

from evosplit.edge.sinks.event import ResultEvent
from evosplit.edge.sinks.sink import SinkRefusedError, SinkUnavailableError
from evosplit.edge.sinks.webhook import Webhook, signing_key
from evosplit.shared.errors import UsageError

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receiver:
    """Answers with ``status`` and notes what comes."""

    def __init__(self) -> None:
        self.status = 204
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    told = Receiver()
    app = web.Application()
    app.router.add_post("/hook", told.take)
    async with TestServer(app) as server:
        yield told, str(server.make_url("/hook"))


EVENT = ResultEvent(NODE, 7, result(7, {"text": "B-42"}, confidence=0.75))


async def test_a_receiver_verifies_it_with_the_specifications_library(receiver: tuple[Receiver, str]) -> None:
    told, url = receiver
    async with Webhook(url, signing_key(SECRET), token="secret").connect() as connection:
        await connection.send(EVENT)
        await connection.send(EVENT)
    headers, body = told.requests[0]
    checked = Verifier(SECRET).verify(body.decode(), {name.lower(): text for name, text in headers.items()})
    assert checked == json.loads(body) == EVENT.to_dict()
    assert headers["Authorization"] == "Bearer secret"
    assert told.requests[1][0]["webhook-id"] == headers["webhook-id"]


@pytest.mark.parametrize("status", [400, 410, 413, 422])
async def test_a_refusal_is_told_from_trouble(receiver: tuple[Receiver, str], status: int) -> None:
    told, url = receiver
    told.status = status
    async with Webhook(url).connect() as connection:
        with pytest.raises(SinkRefusedError, match=str(status)):
            await connection.send(EVENT)
    assert "webhook-signature" not in told.requests[0][0]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 429, 500, 503])
async def test_trouble_is_for_later(receiver: tuple[Receiver, str], status: int) -> None:
    told, url = receiver
    told.status = status
    async with Webhook(url).connect() as connection:
        with pytest.raises(SinkUnavailableError, match=str(status)):
            await connection.send(EVENT)
    assert len(told.requests) == 1  # redirects are not followed: the secret's bearer chose one address


async def test_nobody_there_is_for_later(unused_tcp_port: int) -> None:
    async with Webhook(f"http://127.0.0.1:{unused_tcp_port}/hook").connect() as connection:
        with pytest.raises(SinkUnavailableError):
            await connection.send(EVENT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "pässword"])
def test_a_wrong_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(UsageError) as refused:
        signing_key(secret)
    assert len(secret) < 7 or secret.removeprefix("whsec_") not in str(refused.value)


def test_the_log_has_no_secrets() -> None:
    assert Webhook("https://user:pass@host:8443/a/b?token=x").where == "https://host:8443/a/b"
