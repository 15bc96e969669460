"""Scopes of the agent's pages: who may ask for what."""

from __future__ import annotations

import json
from pathlib import Path

from edge_support import picture, stage

from evosplit.shared.security.scopes import SCOPES
from evosplit.shared.security.token_file import add_token, token_file
from evosplit.shared.security.token_records import TokenRecord
from evosplit.shared.token import bearer

ANY = set(SCOPES)
PAGES = {
    ("GET", "/v2"): ANY,
    ("GET", "/v2/models/net"): ANY,
    ("GET", "/nothing"): ANY,
    ("POST", "/v1/frames"): {"infer"},
    ("POST", "/v2/models/net/infer"): {"infer"},
    ("GET", "/v1/results"): {"read"},
    ("GET", "/v1/results/x"): {"read"},
    ("GET", "/v1/plan"): {"read"},
    ("GET", "/v1/profile"): {"read"},
    ("GET", "/v1/network"): {"read"},
    ("GET", "/v1/sinks"): {"read"},
    ("GET", "/metrics"): {"read"},
}


async def test_who_may_ask_for_what(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        path = token_file(tmp_path / "data")
        for scope in SCOPES:
            headers = bearer(add_token(path, TokenRecord(f"{scope}-only", "", 0.0, (scope,))))
            await _check_pages(on, scope, headers)


async def _check_pages(on, scope, headers) -> None:
    for (method, page), needed in PAGES.items():
        async with on.client.request(method, on.url + page, data=picture(), headers=headers) as answer:
            is_allowed = scope in needed or scope == "admin"
            assert (answer.status == 403) is not is_allowed, (scope, page)
            if not is_allowed:
                wanted = f"the token {scope}-only lacks the scope {min(needed)}"
                assert await answer.json() == {"error": wanted}


async def test_a_rate_is_held(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        record = TokenRecord("often", "", 0.0, rate_per_s=0.01)
        headers = bearer(add_token(token_file(tmp_path / "data"), record))
        async with on.client.get(f"{on.url}/v2", headers=headers) as answer:
            assert answer.status == 200
        async with on.client.get(f"{on.url}/v2", headers=headers) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) >= 1


async def test_refusals_are_recorded_without_the_token(tmp_path: Path) -> None:
    async with (
        stage(tmp_path) as on,
        on.client.get(f"{on.url}/v1/plan?token=x", headers=bearer("not-a-token")) as answer,
    ):
        assert answer.status == 401
    content = (tmp_path / "data" / "audit.jsonl").read_text()
    (said,) = (json.loads(line) for line in content.splitlines())
    assert (said["who"], said["what"], said["result"], said["from"]) == (
        *("-", "GET /v1/plan", 401, "127.0.0.1"),
    )
    assert "token" not in content
