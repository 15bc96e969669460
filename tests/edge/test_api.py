"""The agent's HTTP pages: tokens, bad input, filters, metrics. Every error is one line of JSON."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import pytest_asyncio
from edge_support import Stage, picture, stage
from fake_cloud import TOKEN

from evosplit.shared.oip import (
    HEADER_LENGTH,
    InferRequest,
    InferTensor,
    build_request,
    parse_response,
    tensor,
)
from evosplit.shared.token import bearer


@pytest_asyncio.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, max_body_bytes=200_000) as running:
        yield running


async def error_of(response: aiohttp.ClientResponse) -> str:
    assert response.content_type == "application/json"
    answer = await response.json()
    assert set(answer) <= {"error", "frame_id"}
    assert "\n" not in answer["error"]
    assert "Traceback" not in answer["error"]
    error: str = answer["error"]
    return error


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": f"Basic {TOKEN}"}])
@pytest.mark.parametrize("path", ["/v1/results", "/v1/plan", "/metrics", "/v2", "/v2/models/net", "/nowhere"])
async def test_everything_but_health_wants_the_token(on: Stage, headers: dict[str, str], path: str) -> None:
    async with aiohttp.ClientSession(headers=headers) as stranger:
        async with stranger.get(f"{on.url}{path}") as response:
            assert response.status == 401
            assert "token" in await error_of(response)
        for health in ("/v2/health/live", "/v2/health/ready"):
            async with stranger.get(f"{on.url}{health}") as response:
                assert response.status == 200


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"", 400, "empty"),
        (b"no picture", 415, "known kind"),
        (picture(1)[:200], 400, "not a whole"),
        (picture(1, kind="GIF")[:200], 400, "not a whole"),
    ],
)
async def test_a_bad_picture_is_refused_and_not_recorded(
    on: Stage, content: bytes, status: int, says: str
) -> None:
    async with on.client.post(f"{on.url}/v1/frames", data=content) as response:
        assert response.status == status
        assert says in await error_of(response)
    assert (await on.get("/v1/results"))[1]["results"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"strategy": "magic"}, 400),
        ({"frame_id": "a/b"}, 400),
        ({"frame_id": "."}, 400),
        ({"frame_id": ".."}, 400),
        ({"stream": ".."}, 400),
        ({"stream": "a\nb"}, 400),
        ({"stream": "x" * 129}, 400),
    ],
)
async def test_wrong_fields_of_a_frame(on: Stage, query: dict[str, str], status: int) -> None:
    async with on.client.post(f"{on.url}/v1/frames", data=picture(1), params=query) as response:
        assert response.status == status
        await error_of(response)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "since=yesterday", "cursor=%3F", "order=up", "answered_by=me", "streams=a"],
)
async def test_wrong_filters(on: Stage, query: str) -> None:
    async with on.client.get(f"{on.url}/v1/results?{query}") as response:
        assert response.status == 400
        await error_of(response)


async def test_what_is_not_there(on: Stage) -> None:
    for path in ("/v1/results/none", "/v2/models/other", "/v2/models/net/versions/9", "/nothing"):
        async with on.client.get(f"{on.url}{path}") as response:
            assert response.status == 404
            await error_of(response)
    async with on.client.put(f"{on.url}/v1/frames", data=b"x") as response:
        assert response.status == 405
        await error_of(response)
    async with on.client.post(f"{on.url}/v1/frames", data=bytes(300_000)) as response:
        assert response.status == 413
        await error_of(response)


async def test_results_by_time_and_in_pages(on: Stage) -> None:
    for index in range(5):
        await on.post(picture(index), stream=f"s{index % 2}")
    _, first = await on.get("/v1/results", limit="2")
    _, second = await on.get("/v1/results", limit="3", cursor=first["next_cursor"])
    found = first["results"] + second["results"]
    assert [result["received_at_s"] for result in found] == sorted(
        (result["received_at_s"] for result in found), reverse=True
    )
    assert second["next_cursor"] is None
    middle_s = found[2]["received_at_s"]
    assert len((await on.get("/v1/results", since=str(middle_s)))[1]["results"]) == 3
    assert len((await on.get("/v1/results", until=str(middle_s)))[1]["results"]) == 2
    assert (await on.get("/v1/results", since="2100-01-01T00:00Z"))[1]["results"] == []
    assert len((await on.get("/v1/results", until="2100-01-01T00:00+01:00"))[1]["results"]) == 5
    assert len((await on.get("/v1/results", stream="s1"))[1]["results"]) == 2


async def test_metrics(on: Stage) -> None:
    await on.post(picture(1))
    async with on.client.get(f"{on.url}/metrics") as response:
        text = await response.text()
    assert 'evosplit_frames_total{answered_by="' in text
    assert "evosplit_frame_seconds_count 1.0" in text
    assert 'evosplit_step_seconds_total{step="head"}' in text
    assert 'evosplit_info{model="net"' in text
    assert "evosplit_wire_bytes_total" in text
    assert re.search(r"^evosplit_cloud_up\{cloud=\"[^\"]+\"\} 1.0$", text, re.MULTILINE)
    assert "frame_id" not in text


async def infer(on: Stage, inputs: tuple[InferTensor, ...], path: str = "net") -> aiohttp.ClientResponse:
    body, length = build_request(InferRequest(inputs, id="req-1", binary_default=True))
    response = await on.client.post(
        f"{on.url}/v2/models/{path}/infer", data=body, headers={HEADER_LENGTH: str(length)}
    )
    await response.read()
    return response


async def test_tensors_in_tensors_out_and_a_recorded_result(on: Stage) -> None:
    values = np.random.default_rng(0).normal(size=(1, 3, 16, 16)).astype(np.float32)
    response = await infer(on, (tensor("x", values),))
    answer = parse_response(await response.read(), int(response.headers[HEADER_LENGTH]))
    assert answer.id == "req-1"
    assert answer.arrays()["y"].shape == (1, 5)
    _, kept = await on.get(f"/v1/results/{answer.parameters['frame_id']}")
    assert kept["answered_by"] == answer.parameters["answered_by"]
    assert kept["outcome"]["top"][0]["class"] == int(answer.arrays()["y"].argmax())


@pytest.mark.parametrize(
    "wrong",
    [
        tensor("x", np.zeros((1, 3, 16, 15), np.float32)),
        tensor("x", np.zeros((1, 3, 16, 16), np.float64)),
        tensor("other", np.zeros((1, 3, 16, 16), np.float32)),
        tensor("x", np.full((1, 3, 16, 16), np.nan, np.float32)),
    ],
)
async def test_a_wrong_tensor_is_400(on: Stage, wrong: InferTensor) -> None:
    response = await infer(on, (wrong,))
    assert response.status == 400
    await error_of(response)


async def test_a_request_that_is_none(on: Stage) -> None:
    for body, headers in (
        (b"", {}),
        (b"{}", {}),
        (b"\xff\xfe", {HEADER_LENGTH: "2"}),
        (b"{}", {HEADER_LENGTH: "-1"}),
        (b"{}", {HEADER_LENGTH: "9999"}),
        (b"not gzip", {"Content-Encoding": "gzip", "Connection": "close"}),
    ):
        async with on.client.post(f"{on.url}/v2/models/net/infer", data=body, headers=headers) as response:
            assert response.status == 400
            await error_of(response)
    assert (await infer(on, (tensor("x", np.zeros(1)),), "nobody")).status == 404
