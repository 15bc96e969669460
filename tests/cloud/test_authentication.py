"""Scopes of the cloud's pages: who may ask for what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud_support import Client, app_client, model_folder

from evosplit.cloud.front.haproxy_config import PEER_HEADER
from evosplit.shared.security.scopes import SCOPES
from evosplit.shared.security.token_file import add_token, revoke_token, token_file
from evosplit.shared.security.token_records import TokenRecord
from evosplit.shared.token import bearer

ANY = frozenset(SCOPES)
PAGES = {
    ("GET", "/v2"): ANY,
    ("GET", "/v2/models/chain"): ANY,
    ("GET", "/v2/models/chain/ready"): ANY,
    ("GET", "/nothing"): ANY,
    ("POST", "/v1/probe"): {"infer"},
    ("POST", "/v2/models/chain/infer"): {"infer"},
    ("POST", "/v2/models/chain/versions/1/infer"): {"infer"},
    ("GET", "/v1/models"): {"read"},
    ("GET", "/v1/fleet"): {"read"},
    ("GET", "/metrics"): {"read"},
    ("POST", "/v1/models/chain/heartbeat"): {"infer"},
    ("POST", "/v1/models/chain/bundles"): {"admin"},
    ("POST", "/v1/models/chain/rollout"): {"admin"},
    ("POST", "/v1/models/chain/rollout/promote"): {"admin"},
    ("POST", "/v1/models/chain/rollout/rollback"): {"admin"},
    ("GET", "/v1/models/chain"): {"read", "plan"},
    ("GET", "/v1/models/chain/skeleton"): {"plan"},
    ("GET", "/v1/models/chain/weights"): {"plan"},
    ("POST", "/v1/models/chain/plans"): {"plan"},
    ("GET", "/v1/models/chain/calibrations/x"): {"plan"},
    ("PUT", "/v1/models/chain/calibrations/x/0"): {"plan"},
    ("GET", "/v1/bundles/0"): {"plan"},
    ("GET", "/v1/signing-key"): {"plan"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("cloud"))


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    with app_client(folder) as made:
        yield made


@pytest.fixture(scope="module")
def tokens(folder: Path) -> dict[str, str]:
    path = token_file(folder / "data")
    return {scope: add_token(path, TokenRecord(scope + "-only", "", 0.0, (scope,))) for scope in SCOPES}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("method", "path"), PAGES)
def test_who_may_ask_for_what(
    client: Client, tokens: dict[str, str], method: str, path: str, scope: str
) -> None:
    answer = client.call(method, path, headers=bearer(tokens[scope]))
    is_allowed = scope == "admin" or scope in PAGES[method, path]
    assert (answer.status == 403) is not is_allowed
    if not is_allowed:
        needed = " or ".join(sorted(PAGES[method, path]))
        assert answer.json() == {"error": f"the token {scope}-only lacks the scope {needed}"}


def test_a_revoked_token_gets_one_line(folder: Path) -> None:
    path = token_file(folder / "data")
    token = add_token(path, TokenRecord("gone", "", 0.0))
    revoke_token(path, "gone", 1.0)
    with app_client(folder) as client:
        answer = client.get("/v2", bearer(token))
    assert (answer.status, answer.json()) == (401, {"error": "the token gone is revoked"})
    assert "www-authenticate" in answer.headers


def test_a_token_that_asks_too_often_is_told_when_to_come_again(folder: Path) -> None:
    token = add_token(token_file(folder / "data"), TokenRecord("often", "", 0.0, rate_per_s=0.01))
    with app_client(folder) as client:
        assert client.get("/v2", bearer(token)).status == 200
        answer = client.get("/v2", bearer(token))
    assert answer.status == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 100
    assert answer.json() == {"error": "the token often may ask 0.01 times a second"}


def test_what_is_recorded(tmp_path: Path) -> None:
    """Refusals and planning with the holder and the peer, never a token; inference is not recorded."""
    folder = model_folder(tmp_path)
    token = add_token(token_file(folder / "data"), TokenRecord("gate-7", "", 0.0, ("infer", "plan")))
    known = bearer(token) | {PEER_HEADER: "192.0.2.7"}
    with app_client(folder) as client:
        client.get("/v2", bearer("not-a-token"))
        client.get("/v1/models", known)
        client.get("/v1/bundles/" + "0" * 64 + "?secret=x", known)
        client.call("POST", "/v1/probe", headers=known)
        client.get("/v2", known)
    content = (folder / "data" / "audit.jsonl").read_text()
    said = [json.loads(line) for line in content.splitlines()]
    assert [(one["who"], one["what"].split("0")[0], one["result"]) for one in said] == [
        ("-", "GET /v2", 401),
        ("gate-7", "GET /v1/models", 403),
        ("gate-7", "GET /v1/bundles/", 404),
    ]
    assert said[1]["from"] == "192.0.2.7"
    assert token not in content
    assert "not-a-token" not in content
