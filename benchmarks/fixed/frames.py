"""Frames of one case through one pair of tiers: the seconds of each, by stage."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import aiohttp
import numpy as np

from benchmarks.fixed.tiers import Tiers
from evosplit.shared.oip import BINARY_TYPE, HEADER_LENGTH, InferRequest, build_request, tensor

Seconds = dict[str, float]
_TRIES: Final = 100
_REST_S: Final = 0.5


class NotByTheCloudError(Exception):
    """A frame waits for the cloud, or was answered without it."""


async def frame(tiers: Tiers, model: str, payload: Any) -> Seconds:  # noqa: ANN401 - a file or inputs
    """One frame by stage, with ``total_s`` as the agent saw it and ``client_s`` as the client did."""
    post = _tensors if isinstance(payload, Mapping) else _picture
    client_s, frame_id = await post(tiers, model, payload)
    async with tiers.session.get(f"{tiers.edge.url}/v1/results/{frame_id}") as response:
        result = await response.json()
    if result.get("answered_by") != "cloud":
        raise NotByTheCloudError(f"a frame was not answered by the cloud: {result}")
    return {**result["breakdown"], "client_s": client_s, "wire_bytes": float(result["wire_bytes"])}


async def answered(tiers: Tiers, model: str, payloads: Iterator[Any]) -> Seconds:
    """The first frame that the cloud answers: it may build a tail for longer than the agent waits for it."""
    for _ in range(_TRIES):
        with contextlib.suppress(aiohttp.ClientResponseError, NotByTheCloudError):
            return await frame(tiers, model, next(payloads))
        await asyncio.sleep(_REST_S)
    raise SystemExit(f"the cloud answers none of {_TRIES} frames")


async def empty_request(tiers: Tiers) -> float:
    """Seconds of a request to the agent that asks nothing of it."""
    return await _get(tiers, f"{tiers.edge.url}/v2/health/live")


async def empty_transfer(tiers: Tiers, size_bytes: int) -> float:
    """Seconds of a request to the cloud whose body is read and dropped."""
    started_s = time.perf_counter()
    async with tiers.session.post(f"{tiers.cloud.url}/v1/probe", data=bytes(size_bytes)) as response:
        await response.read()
    return time.perf_counter() - started_s


async def _get(tiers: Tiers, url: str) -> float:
    started_s = time.perf_counter()
    async with tiers.session.get(url) as response:
        await response.read()
    return time.perf_counter() - started_s


async def _picture(tiers: Tiers, _model: str, content: bytes) -> tuple[float, str]:
    started_s = time.perf_counter()
    async with tiers.session.post(f"{tiers.edge.url}/v1/frames", data=content) as response:
        answer = await response.json()
        response.raise_for_status()
    return time.perf_counter() - started_s, str(answer["frame_id"])


async def _tensors(tiers: Tiers, model: str, feeds: Mapping[str, np.ndarray[Any, Any]]) -> tuple[float, str]:
    started_s = time.perf_counter()
    request = InferRequest(tuple(tensor(name, value) for name, value in feeds.items()), binary_default=True)
    body, length = build_request(request)
    headers = {HEADER_LENGTH: str(length), "Content-Type": BINARY_TYPE}
    url = f"{tiers.edge.url}/v2/models/{model}/infer"
    async with tiers.session.post(url, data=body, headers=headers) as response:
        content = await response.read()
        response.raise_for_status()
        length = int(response.headers[HEADER_LENGTH])
    spent_s = time.perf_counter() - started_s
    return spent_s, _frame_id(content[:length])


def _frame_id(head: bytes) -> str:
    return str(json.loads(head)["parameters"]["frame_id"])
