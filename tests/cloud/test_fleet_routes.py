"""The fleet over HTTP: heartbeats, who is there, a bundle rolled out, watched, and taken back."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cloud_support import Client, app_client, model_folder

from evosplit.cloud.plan_service import PlanAnswer, PlanRequest
from evosplit.cloud.registry import Model, load_model
from evosplit.planner.bundle import build_bundle
from evosplit.shared.errors import BundleError
from evosplit.shared.fleet.heartbeat import MOST_BYTES, Audited, Heartbeat, PlanInUse
from evosplit.shared.link import Link
from evosplit.shared.oip import CLIENT_HEADER
from evosplit.shared.plan import FLOAT_BITS, Latency, Plan, PlanTable, TensorCode
from evosplit.shared.profiler import measure_profile
from evosplit.shared.security.bundle_release import SignedRelease
from evosplit.shared.security.token_file import add_token, token_file
from evosplit.shared.security.token_records import TokenRecord
from evosplit.shared.serial import from_data, to_data, to_json
from evosplit.shared.token import bearer

BEAT = Heartbeat(
    "000000000000000a", "boot", 1, "f" * 64, plan=PlanInUse("p", "2", (8,)), answered_by={"cloud": 3}
)
IN_IT = [f"gate-{number}" for number in range(40)]


def table_of(model: Model, bits: int, rtt_s: float = 0.01) -> PlanTable:
    """One plan that sends the input with so many bits."""
    (name,) = model.graph.inputs
    wire, link = {name: TensorCode(bits)}, Link(1e6, rtt_s)
    plan = Plan(
        *(model.name, model.graph.sha256, "0", (name,), {}, {}, wire),
        *(Latency(0.1, 0.1, 0.1), link, 1000, 0, 0.0),
    )
    return PlanTable(model.name, model.graph.sha256, rtt_s, (), (plan,), None)


def plan_of_its_own(model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
    table = table_of(model, FLOAT_BITS, request.rtt_s)
    return PlanAnswer(build_bundle(model.graph, table, None, path, "card", 0.01), table)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model_folder(tmp_path / "m")


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    with app_client(folder, plan_of_its_own) as made:
        yield made


@pytest.fixture
def model(folder: Path) -> Model:
    return load_model(folder / "chain.onnx", {})


def beat(client: Client, said: Heartbeat, token: str | None = None) -> Any:
    headers = {} if token is None else bearer(token)
    answer = client.post("/v1/models/chain/heartbeat", to_json(said), headers)
    assert answer.status == 200, answer.body
    return answer.json()


def offered(client: Client, model: Model, bits: int = 8, share: float = 0.5) -> tuple[str, Any]:
    table = {"table": to_data(table_of(model, bits)), "max_drop": 0.01}
    added = client.post("/v1/models/chain/bundles", json.dumps(table).encode())
    assert added.status == 200, added.body
    bundle = added.json()["bundle"]
    body = json.dumps({"bundle": bundle, "share": share}).encode()
    begun = client.post("/v1/models/chain/rollout", body)
    assert begun.status == 200, begun.body
    return bundle, begun.json()


@functools.cache
def profile_of(path: Path) -> Any:
    return to_data(measure_profile(load_model(path, {}).graph, 1, 8.0))


def planned(client: Client, model: Model, name: str, **more: Any) -> Any:
    asked = {"profile": profile_of(model.path), "rtt_s": 0.02, "limits": {}} | more
    headers = {CLIENT_HEADER: name}
    answer = client.post("/v1/models/chain/plans", json.dumps(asked).encode(), headers)
    assert answer.status == 200, answer.body
    return answer.json()


def test_an_edge_is_listed_with_what_it_said(client: Client) -> None:
    said = replace(BEAT, name="gate-7", audited=Audited(4, 3.0, 0.99), late=2, bandwidth_bps=5e6)
    assert beat(client, said) == {"name": "gate-7", "interval_s": 30.0, "renew": "", "bundle": ""}
    (row,) = client.get("/v1/fleet").json()["edges"]
    told = ("name", "model", "state", "bundle", "frames", "late", "audits", "agreement", "assigned")
    assert [row[key] for key in told] == ["gate-7", "chain", "here", "f" * 64, 3, 2, 4, 0.75, None]
    assert row["plan"] == {"digest": "p", "cut_key": "2", "wire_bits": [8]}


def test_a_token_gives_an_edge_its_name(client: Client, folder: Path) -> None:
    token = add_token(token_file(folder / "data"), TokenRecord("yard", "", 0.0))
    assert beat(client, BEAT, token)["name"] == "yard"
    assert beat(client, replace(BEAT, agent="000000000000000b", name="north"), token)["name"] == "yard/north"
    assert beat(client, replace(BEAT, agent="000000000000000c"))["name"] == "000000000000000c"
    names = [row["name"] for row in client.get("/v1/fleet").json()["edges"]]
    assert names == ["000000000000000c", "yard", "yard/north"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b'{"agent": 5}', 400),
        (to_json(BEAT).replace(b'"late":0', b'"late":-1'), 400),
        (to_json(BEAT).replace(b'"rtt_s":null', b'"rtt_s":NaN'), 400),
        (to_json(replace(BEAT, name="no name")), 400),
        (bytes(MOST_BYTES + 1), 413),
    ],
)
def test_what_is_no_heartbeat_is_refused(client: Client, body: bytes, status: int) -> None:
    answer = client.post("/v1/models/chain/heartbeat", body)
    assert answer.status == status
    assert set(answer.json()) == {"error"}
    assert client.get("/v1/fleet").json()["edges"] == []


def test_a_worse_bundle_goes_to_a_share_and_comes_back(client: Client, model: Model) -> None:
    """Every edge asks for plans as it is told to; the releases that it gets grow all the time."""
    own = {name: planned(client, model, name)["bundle"] for name in IN_IT}
    bundle, state = offered(client, model, bits=2)
    assert (state["state"], state["candidate"], state["least_agreement"]) == ("watched", bundle, 0.99)
    sequences, running = [], dict(own)
    for name in IN_IT:
        if beat(client, replace(BEAT, name=name, bundle=own[name]))["renew"]:
            answer = planned(client, model, name)
            running[name] = answer["bundle"]
            sequences.append(from_data(SignedRelease, answer["release"], BundleError).release.sequence)
    those = [name for name in IN_IT if running[name] == bundle]
    assert 8 <= len(those) <= 32
    for name in those[:3]:
        bad = replace(BEAT, name=name, beat=2, table=1, bundle=bundle, audited=Audited(10, 4.0, 0.99))
        beat(client, bad)
    (state,) = client.get("/v1/fleet").json()["rollouts"]
    assert (state["state"], state["candidate"]) == ("rolled back", None)
    assert "answers agree in" in state["rejected"][0]["reason"]
    for name in those:
        told = beat(client, replace(BEAT, name=name, beat=3, table=1, bundle=bundle))
        assert "no longer for this edge" in told["renew"]
        answer = planned(client, model, name, rtt_s=0.5)
        assert answer["bundle"] == own[name], "its own plans, without planning again"
        sequences.append(from_data(SignedRelease, answer["release"], BundleError).release.sequence)
    assert sequences == sorted(set(sequences))
    assert planned(client, model, those[0], rtt_s=0.5)["table"]["rtt_s"] == 0.5, "asked again, it is planned"


def test_a_promoted_bundle_is_for_all_until_it_is_taken_back(client: Client, model: Model) -> None:
    bundle, _ = offered(client, model)
    promoted = client.post("/v1/models/chain/rollout/promote", b"").json()
    assert (promoted["state"], promoted["current"]) == ("promoted", bundle)
    assert {planned(client, model, name)["bundle"] for name in IN_IT[:5]} == {bundle}
    back = client.post("/v1/models/chain/rollout/rollback", b'{"reason": "too dark"}').json()
    assert (back["state"], back["rejected"]) == ("rolled back", [{"bundle": bundle, "reason": "too dark"}])
    assert planned(client, model, IN_IT[0])["bundle"] != bundle


def test_a_bundle_that_does_not_fit_an_edge_is_not_for_it(client: Client, model: Model) -> None:
    """One that keeps its inputs is given no plan that sends them, and is not told to ask again and again."""
    bundle, _ = offered(client, model)
    client.post("/v1/models/chain/rollout/promote", b"")
    own = planned(client, model, "private")["bundle"]
    assert own == bundle
    assert beat(client, replace(BEAT, name="private"))["renew"]
    mine = planned(client, model, "private", limits={"min_depth": 1})["bundle"]
    assert mine != bundle
    assert beat(client, replace(BEAT, name="private", beat=2, bundle=mine))["renew"] == ""


def test_a_refused_bundle_counts_against_it_and_is_not_offered_again(client: Client, model: Model) -> None:
    bundle, _ = offered(client, model)
    name = next(name for name in IN_IT if beat(client, replace(BEAT, name=name))["renew"])
    assert beat(client, replace(BEAT, name=name, beat=2, refused=bundle))["renew"] == ""
    (state,) = client.get("/v1/fleet").json()["rollouts"]
    assert state["heartbeats"] == {"answers": 1, "errors": 1}


@pytest.mark.parametrize(
    ("path", "body", "line"),
    [
        ("rollout", {"bundle": "0" * 64, "share": 0.1}, "no bundle"),
        ("rollout", {"share": 0.1}, "not a valid RolloutRequest"),
        ("rollout/promote", {}, "no candidate to promote"),
        ("rollout/rollback", {}, "no bundle to roll back"),
        ("bundles", {"table": 5}, "not a valid TableRequest"),
    ],
)
def test_what_cannot_be_done_is_one_line(client: Client, path: str, body: Any, line: str) -> None:
    answer = client.post(f"/v1/models/chain/{path}", json.dumps(body).encode())
    assert answer.status in (400, 404)
    assert line in answer.json()["error"]


def test_bundles_that_are_none_or_promise_nothing_are_refused(client: Client, model: Model) -> None:
    assert client.post("/v1/models/chain/bundles", b"PK no bundle").status == 500
    table = json.dumps({"table": to_data(table_of(model, 8))}).encode()
    bundle = client.post("/v1/models/chain/bundles", table).json()["bundle"]
    body = json.dumps({"bundle": bundle, "share": 0.5}).encode()
    assert "promises no agreement" in client.post("/v1/models/chain/rollout", body).json()["error"]
    over = json.dumps({"bundle": offered(client, model)[0], "share": 1.5}).encode()
    assert "a share is more than 0 %" in client.post("/v1/models/chain/rollout", over).json()["error"]
