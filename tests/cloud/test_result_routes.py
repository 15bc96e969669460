"""Results of the fleet over HTTP: what an agent's sink sends, kept once, asked for and counted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cloud_support import Client, app_client, model_folder
from test_fleet_routes import plan_of_its_own

from evosplit.edge.sinks.event import Node, ResultEvent
from evosplit.shared.fleet.posted_result import MOST_BYTES
from evosplit.shared.result import Result
from evosplit.shared.security.token_file import add_token, token_file
from evosplit.shared.security.token_records import TokenRecord
from evosplit.shared.token import bearer

BOXES = {"boxes": [{"class": 2, "label": "truck", "score": 0.75, "box": [0, 0, 10, 20]}]}
TEXT = {"text": "AB 123"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with app_client(model_folder(tmp_path / "m"), plan_of_its_own) as made:
        yield made


def event(number: int, outcome: Any = BOXES, node: str = "north", **changes: Any) -> bytes:
    result = Result(f"f{number}", "gate", "net", 7200.0 + number, "edge", outcome, 0.75, "ab" * 32, 9)
    return ResultEvent(Node("site", node), number, dataclasses.replace(result, **changes)).to_json()


def kept(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/v1/results?{query}")
    assert answer.status == 200, answer.body
    return [f"{row['edge']}:{row['frame_id']}" for row in answer.json()["results"]]


def test_results_are_kept_once_and_asked_for(client: Client) -> None:
    assert client.post("/v1/results", event(1)).json() == {"new": True}
    assert client.post("/v1/results", event(1, TEXT)).json() == {"new": False}
    client.post("/v1/results", event(2, TEXT, late=True))
    client.post("/v1/results", event(1, TEXT, "south", answered_by="nobody"))
    assert kept(client) == ["south:f1", "north:f2", "north:f1"]
    for query, right in (
        ("edge=north&order=asc", ["north:f1", "north:f2"]),
        ("label=truck&min_confidence=0.7&region=0,0,9,9", []),
        ("label=truck&min_confidence=0.7&region=0,0,9,10", ["north:f1"]),
        ("text=b%201&late=true", ["north:f2"]),
        ("failed=true", ["south:f1"]),
        ("plan=abab&until=7202", ["south:f1", "north:f1"]),
    ):
        assert kept(client, query) == right, query
    page = client.get("/v1/results?limit=2").json()
    assert kept(client, f"limit=2&cursor={page['next_cursor']}") == ["north:f1"]
    assert page["results"][1]["outcome"] == TEXT
    counts = client.get("/v1/results/counts?by=hour&split=stream").json()
    assert counts["counts"] == [{"begins_s": 7200.0, "value": "gate", "count": 3}]


def test_a_token_gives_an_edge_its_name(client: Client, tmp_path: Path) -> None:
    token = add_token(token_file(tmp_path / "m" / "data"), TokenRecord("yard", "", 0.0, scopes=("infer",)))
    assert client.post("/v1/results", event(1), bearer(token)).status == 200
    assert kept(client) == ["yard/north:f1"]
    assert client.get("/v1/results", bearer(token)).status == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (event(1, node="no/name"), 400),
        (event(1, frame_id="f" * 300), 400),
        (event(1, {"text": "a\0b"}), 400),
        (event(1, {"boxes": [BOXES["boxes"][0]] * 10_001}), 400),
        (json.dumps({"format": "x", "id": "y"}).encode(), 400),
        (b" " * (MOST_BYTES + 1), 413),
    ],
    ids=["nothing", "json", "name", "long", "nul", "things", "lacking", "large"],
)
def test_what_is_no_result_is_refused(client: Client, body: bytes, status: int) -> None:
    answer = client.post("/v1/results", body)
    assert answer.status == status, answer.body
    assert "\n" not in answer.json()["error"]
    assert kept(client) == []


@pytest.mark.parametrize("query", ["colour=red", "cursor=x", "limit=0"])
def test_a_wrong_query_is_said(client: Client, query: str) -> None:
    assert client.get(f"/v1/results?{query}").status == 400


def test_only_the_newest_stay(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evosplit.cloud.fleet.fleet_results._TRIMMED", 4)
    monkeypatch.setattr(client.services.results, "_keep", 3)
    for number in range(8):
        client.post("/v1/results", event(number))
    assert kept(client, "order=asc") == ["north:f5", "north:f6", "north:f7"]
