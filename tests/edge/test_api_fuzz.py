"""Mutated requests at every route of the agent: each ends in an answer or in one line, within bounds.

``EVOSPLIT_FUZZ_REQUESTS`` says how many; see `make fuzz`.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import quote

import aiohttp
import numpy as np
import pytest
from edge_support import Stage, picture, stage
from fake_cloud import TOKEN
from yarl import URL

from evosplit.shared import oip
from evosplit.shared.token import bearer
from tests.mutated_requests import REQUESTS, Request, fuzz

WELCOME = tuple(bearer(TOKEN).items())
FORM = b'--b\r\nContent-Disposition: form-data; name="p"; filename="p.png"\r\n\r\n%s\r\n--b--\r\n'


def good_requests() -> list[Request]:
    named = (
        ("frame_id", "f"),
        ("stream", "s"),
        ("strategy", "planned"),
        ("wait", "now"),
        ("deadline_s", "60"),
    )
    frame = Request("POST", "/v1/frames", headers=WELCOME)
    made = [
        Request("POST", "/v1/frames", named, WELCOME, picture(seed, kind=kind))
        for seed, kind in enumerate(("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"))
    ]
    packed = (*WELCOME, ("Content-Encoding", "gzip"))
    form = (*WELCOME, ("Content-Type", "multipart/form-data; boundary=b"))
    made += [
        Request("POST", frame.path, (), packed, gzip.compress(picture(1))),
        Request("POST", frame.path, (), form, FORM % picture(2)),
    ]
    pixels = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    body, length = oip.build_request(oip.InferRequest((oip.tensor("x", pixels),), binary_default=True))
    whole = (*WELCOME, (oip.HEADER_LENGTH, str(length)))
    made.append(Request("POST", "/v2/models/net/infer", (), whole, body))
    asked = (("since", "0"), ("until", "2026-01-31T08:00"), ("stream", "s"), ("limit", "5"), ("order", "asc"))
    paths = (
        "/v1/results/f",
        "/v1/plan",
        "/v1/profile",
        "/metrics",
        "/v2",
        "/v2/models/net",
        "/v2/health/live",
    )
    read = [Request("GET", path, (), WELCOME) for path in paths]
    return [*made, Request("GET", "/v1/results", (*asked, ("cursor", "1")), WELCOME), *read]


async def ask(on: Stage, client: aiohttp.ClientSession, request: Request) -> tuple[int, bytes]:
    query = "&".join(f"{quote(name)}={quote(text)}" for name, text in request.query)
    url = URL(f"{on.url}{quote(request.path)}{'?' * bool(query)}{query}", encoded=True)
    headers = [(name, text) for name, text in request.headers if text.isascii() and text.isprintable()]
    sending = client.request(request.method, url, data=request.body, headers=headers, allow_redirects=False)
    async with sending as answer:
        return answer.status, await answer.read()


@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader")
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionParam")
async def test_mutated_requests(tmp_path: Path) -> None:
    async with (
        stage(tmp_path, cloud_up=False, hooks=False, max_body_bytes=10**6, spool_bytes=10**6) as on,
        aiohttp.ClientSession(auto_decompress=True, skip_auto_headers=("Content-Type",)) as client,
    ):
        counts = await fuzz(lambda request: ask(on, client, request), good_requests())
        assert on.agent.frames.in_flight == 0
        assert (await on.post(picture(1)))[0] == 200
    assert sum(counts.values()) == REQUESTS
    assert {200, 400} <= counts.keys()
