"""Load shedding: one request too many is told when to come again, and health checks are always answered."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from evosplit.cloud.admission import MAX_ONGOING_REQUESTS, AdmissionControl
from evosplit.cloud.error_responses import HANDLERS
from evosplit.cloud.telemetry.metrics import ReplicaMetrics
from evosplit.shared.errors import CloudUnavailableError, EvoSplitError


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _call(app: AdmissionControl, path: str = "/v1/probe") -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Message:
        raise AssertionError("the body must not be read")

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "path": path}, receive, send)
    return sent


async def test_beyond_the_limit_requests_are_turned_away_until_one_ends() -> None:
    slow, metrics = Slow(), ReplicaMetrics()
    app = AdmissionControl(slow, limit=2, metrics=metrics)
    held = [asyncio.create_task(_call(app)) for _ in range(2)]
    await asyncio.sleep(0)
    start, body = await _call(app)
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert json.loads(body["body"]) == {"error": "2 requests are under way already; try again"}
    health = asyncio.create_task(_call(app, "/v2/health/ready"))
    slow.go.set()
    assert (await health)[0]["status"] == 200
    assert [(await each)[0]["status"] for each in held] == [200, 200]
    assert (await _call(app))[0]["status"] == 200
    (counted,) = re.findall(rb"evosplit_cloud_requests_shed_total{.*} (.*)", metrics.text())
    assert float(counted) == 1


async def test_a_request_that_fails_gives_its_place_back() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ConnectionError

    app = AdmissionControl(broken, limit=1)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            await _call(app)


@pytest.mark.parametrize("problem", [CloudUnavailableError("away"), HTTPException(503, "not now")])
async def test_every_503_carries_retry_after(problem: Exception) -> None:
    kind = EvoSplitError if isinstance(problem, EvoSplitError) else HTTPException
    answer = await HANDLERS[kind](None, problem)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    other = await HANDLERS[HTTPException](None, HTTPException(504, "late"))  # type: ignore[arg-type]
    assert "retry-after" not in other.headers


def test_our_limit_comes_before_that_of_ray() -> None:
    app = pytest.importorskip("evosplit.cloud.app")
    assert app.RAY_MAX_ONGOING_REQUESTS > MAX_ONGOING_REQUESTS
