"""The HTTP face: routes, tokens, statuses, limits, and one-line errors."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from cloud_support import (
    TOKEN,
    Client,
    app_client,
    blob_request,
    frame_bytes,
    plain_request,
    seeded_feeds,
    whole_outputs,
)

from evosplit.cloud.registry import Registry
from evosplit.shared import oip
from evosplit.shared.graph import graph_from_model, prefix_cut
from evosplit.shared.token import bearer

X = np.zeros((1, 3, 16, 16), np.float32)


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready"])
def test_health_needs_no_token(client: Client, path: str) -> None:
    assert client.get(path, headers={}).status == 200


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/models/chain", "/v1/models", "/v1/models/chain", "/v1/bundles/0", "/nothing"]
)
@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": "Basic eDp5"}])
def test_everything_else_does(client: Client, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="evosplit"'
    assert set(answer.json()) == {"error"}
    assert TOKEN not in answer.body.decode()


def test_a_probe_is_read_and_forgotten(client: Client) -> None:
    answer = client.post("/v1/probe", body=bytes(50_000))
    assert (answer.status, answer.json()) == (200, {"name": "evosplit"})
    assert client.call("POST", "/v1/probe", headers={}).status == 401


def test_server_metadata(client: Client) -> None:
    described = client.get("/v2").json()
    assert described["name"] == "evosplit"
    assert "binary_tensor_data" in described["extensions"]


@pytest.mark.parametrize("path", ["/v2/models/branch", "/v2/models/branch/versions/1"])
def test_model_metadata(client: Client, path: str) -> None:
    described = client.get(path).json()
    assert [item["name"] for item in described["inputs"]] == ["x", "z"]
    assert described["outputs"][1] == {"name": "scores", "datatype": "FP32", "shape": [1, 5]}
    assert client.get(f"{path}/ready").status == 200


def test_model_lists_and_cards(client: Client, registry: Registry) -> None:
    assert client.get("/v1/models").json() == {"models": ["branch", "chain", "residual"], "broken": {}}
    described = client.get("/v1/models/chain").json()
    assert described["sha256"] == registry.get("chain").graph.sha256
    assert described["card"]["labels"][0] == "ant"
    assert client.get("/v1/models/branch").json()["card"] is None


def test_the_skeleton_is_the_same_graph_without_weights(client: Client, registry: Registry) -> None:
    answer = client.get("/v1/models/residual/skeleton")
    graph = registry.get("residual").graph
    skeleton = onnx.load_from_string(answer.body)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert graph_from_model(skeleton, graph.name, graph.sha256).layers == graph.layers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/other", 404),
        ("GET", "/v2/models/chain/versions/2", 404),
        ("GET", "/v2/models/other/ready", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("GET", "/v1/models/other/skeleton", 404),
        ("POST", "/v1/models/other/plans", 404),
        ("GET", "/v1/bundles/" + "0" * 64, 404),
        ("GET", "/v1/bundles/..%2ftoken", 404),
        ("GET", "/nothing", 404),
        ("GET", "/v2/models/chain/infer", 405),
        ("POST", "/v2", 405),
    ],
)
def test_what_is_not_there(client: Client, method: str, path: str, status: int) -> None:
    answer = client.call(method, path, headers=bearer(TOKEN))
    assert answer.status == status
    assert set(answer.json()) == {"error"}


def test_inference_in_binary(client: Client, registry: Registry) -> None:
    model = registry.get("chain")
    feeds = seeded_feeds(model)
    answer = client.infer("chain", plain_request(feeds, id="7"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.infer().id == "7"
    np.testing.assert_allclose(answer.infer().arrays()["y"], whole_outputs(model, feeds)["y"], rtol=1e-4)


def test_inference_in_json(client: Client, registry: Registry) -> None:
    feeds = seeded_feeds(registry.get("chain"))
    head = {"name": "x", "datatype": "FP32", "shape": [1, 3, 16, 16], "data": feeds["x"].tolist()}
    answer = client.post(
        "/v2/models/chain/versions/1/infer", json.dumps({"id": "j", "inputs": [head]}).encode()
    )
    assert answer.headers["content-type"] == "application/json"
    assert oip.HEADER_LENGTH.lower() not in answer.headers
    assert answer.json()["id"] == "j"
    expected = whole_outputs(registry.get("chain"), feeds)["y"]
    np.testing.assert_allclose(answer.json()["outputs"][0]["data"], expected.ravel(), rtol=1e-4)


def test_a_tail_answers_a_frame(client: Client, registry: Registry) -> None:
    model = registry.get("residual")
    feeds = seeded_feeds(model)
    content = frame_bytes(model, prefix_cut(model.graph, 2), feeds)
    answer = client.infer("residual", blob_request(oip.FRAME_INPUT, content)).infer()
    np.testing.assert_allclose(answer.arrays()["y"], whole_outputs(model, feeds)["y"], rtol=1e-4, atol=1e-5)
    assert set(answer.parameters) == {"queue_s", "decode_s", "tail_s"}


def test_what_would_come_too_late_is_refused(client: Client) -> None:
    late = client.infer("chain", plain_request({"x": X}), {oip.TIME_LEFT: "0"})
    assert late.status == 504
    assert late.json()["error"].startswith("0 ms are left; it would take ")
    assert client.infer("chain", plain_request({"x": X}), {oip.TIME_LEFT: "30"}).status == 200
    assert client.infer("chain", plain_request({"x": X}), {oip.TIME_LEFT: "soon"}).status == 400


def test_a_corrupted_frame(client: Client, registry: Registry) -> None:
    model = registry.get("chain")
    content = bytearray(frame_bytes(model, prefix_cut(model.graph, 2), seeded_feeds(model)))
    content[len(content) // 2] ^= 1
    answer = client.infer("chain", blob_request(oip.FRAME_INPUT, bytes(content)))
    assert answer.status == 400
    assert "checksum" in answer.json()["error"]


@pytest.mark.parametrize("feeds", [{"q": X}, {"x": X[0]}, {"x": X.astype(np.int32)}])
def test_wrong_tensors(client: Client, feeds: dict[str, np.ndarray]) -> None:
    answer = client.infer("chain", plain_request(feeds))
    assert answer.status == 400
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 30, "999999"])
def test_a_header_length_that_lies(client: Client, length: str) -> None:
    answer = client.post("/v2/models/chain/infer", b"{}", {oip.HEADER_LENGTH: length})
    assert answer.status == 400


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compression_both_ways(client: Client, coding: str, pack) -> None:  # type: ignore[no-untyped-def]
    body, length = oip.build_request(plain_request({"x": X}))
    headers = {oip.HEADER_LENGTH: str(length), "Content-Encoding": coding, "Accept-Encoding": coding}
    answer = client.post("/v2/models/chain/infer", pack(body), headers)
    assert answer.headers["content-encoding"] == coding
    unpacked = zlib.decompress(answer.body, 31 if coding == "gzip" else 15)
    got = oip.parse_response(unpacked, int(answer.headers[oip.HEADER_LENGTH.lower()]))
    assert got.arrays()["y"].shape == (1, 5)


def test_bodies_beyond_the_limit(client: Client) -> None:
    claimed = client.post("/v2/models/chain/infer", b"", {"Content-Length": "200001"})
    arrived = client.call("POST", "/v2/models/chain/infer", [bytes(150_000)] * 2, bearer(TOKEN))
    bomb = client.post("/v2/models/chain/infer", gzip.compress(bytes(10**6)), {"Content-Encoding": "gzip"})
    for answer in (claimed, arrived, bomb):
        assert answer.status == 413
        assert "200000" in answer.json()["error"]


def test_a_body_that_does_not_come(tiny_models: Path) -> None:
    with app_client(tiny_models, body_timeout_s=0.05) as client:
        answer = client.call("POST", "/v2/models/chain/infer", [], bearer(TOKEN))
    assert answer.status == 408


def test_an_unknown_coding(client: Client) -> None:
    assert client.post("/v2/models/chain/infer", b"", {"Content-Encoding": "br"}).status == 415


def test_a_model_that_cannot_be_served_says_why(tiny_models: Path, tmp_path: Path) -> None:
    (tmp_path / "good.onnx").write_bytes((tiny_models / "chain.onnx").read_bytes())
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with app_client(tmp_path) as client:
        assert client.infer("good", plain_request({"x": X})).status == 200
        answer = client.infer("bad", plain_request({"x": X}))
        assert answer.status == 422
        assert list(client.get("/v1/models").json()["broken"]) == ["bad"]


def test_a_bug_shows_nothing_of_our_insides(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evosplit.cloud.dataplane import DataPlane

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(DataPlane, "prepare", fail)
    with app_client(tiny_models) as client:
        answer = client.call_raising("POST", "/v2/models/chain/infer", ZeroDivisionError)
    assert answer.status == 500
    assert "secret" not in answer.body.decode()


def test_the_page_needs_no_token_but_what_it_reads_does(client: Client) -> None:
    page = client.get("/", {})
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/ui/main.js", {}).headers["content-type"].startswith("text/javascript")
    assert client.get("/", {"If-None-Match": page.headers["etag"]}).status == 304
    assert client.get("/ui/nothing.js", {}).status == 401
    assert client.get("/ui/../v1/fleet", {}).status == 401
    assert client.get("/v1/fleet", {}).status == 401
