"""`evosplit cloud` under traffic while its models change, and while it ends: nothing is lost."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cloud_process import Running, start
from cloud_support import blob_request, frame_bytes, plain_request, seeded_feeds, whole_outputs
from repository_support import chain_like, put_in_place
from traffic import Client, Traffic

from evosplit.cloud.registry import open_registry
from evosplit.cloud.repository.model_source import ModelFolder
from evosplit.shared import oip
from evosplit.shared.free_ports import free_ports
from evosplit.shared.graph import prefix_cut
from evosplit.shared.token import bearer

pytestmark = pytest.mark.ray
EDGES = 16


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("cloud")
    put_in_place(chain_like(0).SerializeToString(), folder / "chain.onnx")
    temp = Path(tempfile.mkdtemp(prefix="evt-", dir="/tmp"))
    running = start(folder, temp, free_ports(1)[0], min_replicas=2, max_replicas=2)
    yield running
    running.stop()
    shutil.rmtree(temp, ignore_errors=True)


def clients(cloud: Running, count: int) -> list[Client]:
    """Half of them send whole inputs, half of them frames from a cut."""
    model = open_registry(ModelFolder(cloud.folder)).get("chain")
    feeds = seeded_feeds(model)
    whole = oip.build_request(plain_request(feeds))
    content = frame_bytes(model, prefix_cut(model.graph, 3), feeds)
    frame = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    return [Client(cloud, *(frame if number % 2 else whole), f"edge-{number}") for number in range(count)]


def call(cloud: Running, method: str, path: str, body: bytes = b"") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    connection.request(method, path, body, bearer(cloud.token))
    try:
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def wait_until(done: Callable[[], bool], limit_s: float = 60) -> None:
    end_s = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def scores(client: Client) -> np.ndarray:
    return client.answers[-1].arrays()["y"]


def is_stale(client: Client) -> bool:
    return oip.STALE_MODEL in client.answers[-1].parameters


def test_a_model_is_replaced_under_traffic(cloud: Running) -> None:
    old = open_registry(ModelFolder(cloud.folder)).get("chain")
    expected = whole_outputs(old, seeded_feeds(old))["y"]
    with Traffic(clients(cloud, 4)) as traffic:
        wait_until(lambda: all(each.answers for each in traffic.clients))
        content = chain_like(5).SerializeToString()
        with (cloud.folder / "chain.onnx").open("wb", buffering=0) as copy:  # as cp does
            copy.write(content[: len(content) // 2])
            time.sleep(1.2)
            copy.write(content[len(content) // 2 :])
        wait_until(lambda: all(abs(scores(each) - expected).max() > 4 for each in traffic.clients[::2]))
        # frames go on to be answered by the old content, with the mark, once their replica has followed
        wait_until(lambda: all(is_stale(each) for each in traffic.clients[1::2]))
    assert [each.lost for each in traffic.clients] == [[]] * 4
    assert not any(each.is_refused for each in traffic.clients)
    for number, each in enumerate(traffic.clients):
        shifts = {float(np.round((answer.arrays()["y"] - expected).mean(), 2)) for answer in each.answers}
        assert shifts == ({0.0} if number % 2 else {0.0, 5.0})
        assert oip.STALE_MODEL not in each.answers[0].parameters
        # Not the last one of all: it may be of the other replica, which has not followed yet.
        marks = [oip.STALE_MODEL in answer.parameters for answer in each.answers]
        assert any(marks) == bool(number % 2)


def test_a_stock_client_asks_for_versions(cloud: Running) -> None:
    from tritonclient.http import InferenceServerClient, InferInput

    put_in_place(chain_like(-3).SerializeToString(), cloud.folder / "chain" / "2" / "model.onnx")
    headers = bearer(cloud.token)
    with InferenceServerClient(f"127.0.0.1:{cloud.port}") as triton:
        for _ in range(5):  # whichever replica answers
            wait_until(lambda: triton.is_model_ready("chain", "2", headers=headers))
        given = InferInput("x", [1, 3, 16, 16], "FP32")
        given.set_data_from_numpy(np.zeros((1, 3, 16, 16), np.float32))
        got = {
            version: triton.infer("chain", [given], model_version=version, headers=headers)
            for version in ("", "1", "2")
        }
        assert triton.get_model_metadata("chain", headers=headers)["versions"] == ["1", "2"]
    assert [got[version].get_response()["model_version"] for version in got] == ["1", "1", "2"]
    np.testing.assert_allclose(got["1"].as_numpy("y") - got["2"].as_numpy("y"), 8, atol=1e-3)


def test_a_share_of_clients_tries_a_version_until_it_is_promoted(cloud: Running) -> None:
    asked = {"action": "canary", "version": "2", "share": 0.5}
    assert call(cloud, "POST", "/v1/models/chain/versions", json.dumps(asked).encode())["canary"]
    some = clients(cloud, 16)[::2]
    time.sleep(3)  # until all replicas follow
    for each in some:
        each.ask()
        each.ask()
        each.close()
    chosen = [{answer.model_version for answer in each.answers} for each in some]
    assert all(len(versions) == 1 for versions in chosen)
    assert {"1", "2"} == set().union(*chosen)
    wait_until(lambda: bool(call(cloud, "GET", "/v1/models/chain/versions")["canary"]["answers"]))
    promoted = call(cloud, "POST", "/v1/models/chain/versions", b'{"action": "promote"}')
    assert (promoted["in_use"], promoted["canary"]) == ("2", None)


def test_what_was_accepted_is_answered_when_it_is_stopped(cloud: Running) -> None:
    """The last test of the module: it stops what the others use."""
    with Traffic(clients(cloud, EDGES)) as traffic:
        wait_until(lambda: all(each.answers for each in traffic.clients))
        cloud.process.send_signal(signal.SIGTERM)
        traffic.join()
    assert [each.lost for each in traffic.clients] == [[]] * EDGES
    assert all(each.is_refused for each in traffic.clients)
    assert cloud.process.wait(90) == 0
    assert "are not answered" not in cloud.log
