"""The real thing: Ray Serve behind HAProxy, called by a stock tritonclient, and nothing left when it ends."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cloud_process import Running, command, start
from cloud_support import blob_request, frame_bytes, model_folder, seeded_feeds, whole_outputs
from test_result_routes import event
from websockets.sync.client import connect

from evosplit.cloud.reaper import processes_of
from evosplit.cloud.registry import Registry
from evosplit.shared import oip
from evosplit.shared.free_ports import free_ports
from evosplit.shared.graph import prefix_cut
from evosplit.shared.token import bearer

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = model_folder(tmp_path_factory.mktemp("cloud"))
    (folder / "bad.onnx").write_bytes(b"no model")
    temp = Path(tempfile.mkdtemp(prefix="evt-", dir="/tmp"))
    port, grpc_port = free_ports(2)
    running = start(folder, temp, port, grpc_port=grpc_port)
    (folder / "grpc-port").write_text(str(grpc_port))
    yield running
    running.stop()
    shutil.rmtree(temp, ignore_errors=True)


@pytest.fixture
def triton(cloud: Running) -> Iterator[Any]:
    from tritonclient.http import InferenceServerClient

    with InferenceServerClient(f"127.0.0.1:{cloud.port}") as client:
        yield client


def call(cloud: Running, method: str, path: str, body: bytes = b"", headers: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    connection.request(method, path, body, bearer(cloud.token) if headers is None else headers)
    response = connection.getresponse()
    try:
        return response.status, response.read()
    finally:
        connection.close()


def test_progress_is_told(cloud: Running) -> None:
    assert f"ready on http://127.0.0.1:{cloud.port}" in cloud.log
    assert f"the bearer token is in {cloud.folder / 'data' / 'token'}" in cloud.log
    assert "bad is not served: " in cloud.log
    assert cloud.token not in cloud.log
    assert "Traceback" not in cloud.log


def test_a_websocket_of_results_passes_the_front_end(cloud: Running) -> None:
    url = f"ws://127.0.0.1:{cloud.port}/v1/events/ws"
    with connect(url, additional_headers=bearer(cloud.token), open_timeout=60) as socket:
        assert call(cloud, "POST", "/v1/results", event(1))[0] == 200
        assert json.loads(socket.recv(60))["frame_id"] == "f1"


def test_tritonclient_finds_its_way(cloud: Running, triton: Any) -> None:
    headers = bearer(cloud.token)
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("chain", headers=headers)
    assert not triton.is_model_ready("chain")
    assert triton.get_server_metadata(headers=headers)["name"] == "evosplit"
    assert triton.get_model_metadata("chain", headers=headers)["inputs"][0]["shape"] == [1, 3, 16, 16]


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("coding", [None, "gzip", "deflate"])
def test_tritonclient_infers(
    cloud: Running, triton: Any, registry: Registry, binary: bool, coding: Any
) -> None:
    from tritonclient.http import InferInput, InferRequestedOutput

    model = registry.get("chain")
    feeds = seeded_feeds(model)
    given = InferInput("x", [1, 3, 16, 16], "FP32")
    given.set_data_from_numpy(feeds["x"], binary_data=binary)
    got = triton.infer(
        "chain",
        [given],
        outputs=[InferRequestedOutput("y", binary_data=binary)],
        request_id="frame-7",
        headers=bearer(cloud.token),
        request_compression_algorithm=coding,
        response_compression_algorithm=coding,
    )
    assert got.get_response()["id"] == "frame-7"
    np.testing.assert_allclose(got.as_numpy("y"), whole_outputs(model, feeds)["y"], rtol=1e-4, atol=1e-5)


def test_tritonclient_gets_all_outputs_and_classes(cloud: Running, triton: Any, registry: Registry) -> None:
    from tritonclient.http import InferInput, InferRequestedOutput

    feeds = seeded_feeds(registry.get("branch"))
    inputs = [InferInput(name, list(array.shape), "FP32") for name, array in feeds.items()]
    for item, array in zip(inputs, feeds.values(), strict=True):
        item.set_data_from_numpy(array)
    got = triton.infer("branch", inputs, headers=bearer(cloud.token))
    for name, value in whole_outputs(registry.get("branch"), feeds).items():
        np.testing.assert_allclose(got.as_numpy(name), value, rtol=1e-4, atol=1e-5)
    best = triton.infer(
        "branch", inputs, outputs=[InferRequestedOutput("scores", class_count=2)], headers=bearer(cloud.token)
    )
    assert best.as_numpy("scores").shape == (1, 2)


def test_tritonclient_is_told_what_is_wrong(cloud: Running, triton: Any) -> None:
    from tritonclient.http import InferInput
    from tritonclient.utils import InferenceServerException

    given = InferInput("x", [1, 3, 16, 15], "FP32")
    given.set_data_from_numpy(np.zeros((1, 3, 16, 15), np.float32))
    with pytest.raises(InferenceServerException, match="the model takes FP32"):
        triton.infer("chain", [given], headers=bearer(cloud.token))
    with pytest.raises(InferenceServerException, match="the token is wrong"):
        triton.infer("chain", [given], headers=bearer("wrong"))


def test_a_tail_answers_a_frame(cloud: Running, registry: Registry) -> None:
    model = registry.get("residual")
    feeds = seeded_feeds(model)
    content = frame_bytes(model, prefix_cut(model.graph, 3), feeds, bits=8)
    body, length = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    headers = bearer(cloud.token) | {oip.HEADER_LENGTH: str(length)}
    status, answer = call(cloud, "POST", "/v2/models/residual/infer", body, headers)
    assert status == 200
    got = oip.parse_response(answer, answer.index(b"}]}") + 3 + (-(answer.index(b"}]}") + 3) % 8))
    np.testing.assert_allclose(got.arrays()["y"], whole_outputs(model, feeds)["y"], atol=0.2)
    status, answer = call(cloud, "POST", "/v2/models/residual/infer", body[:-9], headers)
    assert (status, list(json.loads(answer))) == (400, ["error"])


def test_a_crowd_is_answered_in_batches(cloud: Running, registry: Registry) -> None:
    """More at a time than run at a time, of several tails: each gets its own answer."""
    model = registry.get("residual")

    def play(index: int) -> None:
        feeds = seeded_feeds(model, index)
        content = frame_bytes(model, prefix_cut(model.graph, 1 + index % 4), feeds)
        body, length = oip.build_request(blob_request(oip.FRAME_INPUT, content))
        expected = whole_outputs(model, feeds)["y"]
        for _ in range(5):
            headers = bearer(cloud.token) | {oip.HEADER_LENGTH: str(length)}
            status, answer = call(cloud, "POST", "/v2/models/residual/infer", body, headers)
            assert status == 200, answer
            end = answer.index(b"}]}") + 3
            got = oip.parse_response(answer, end + -end % 8).arrays()["y"]
            np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(play, range(16)))


def test_a_stock_grpc_client_infers(cloud: Running, registry: Registry) -> None:
    from tritonclient.grpc import InferenceServerClient, InferInput
    from tritonclient.utils import InferenceServerException

    model, headers = registry.get("chain"), {"authorization": bearer(cloud.token)["Authorization"]}
    feeds = seeded_feeds(model)
    given = InferInput("x", [1, 3, 16, 16], "FP32")
    given.set_data_from_numpy(feeds["x"])
    with InferenceServerClient(f"127.0.0.1:{(cloud.folder / 'grpc-port').read_text()}") as client:
        assert client.is_server_ready()
        assert client.is_model_ready("chain", headers=headers)
        got = client.infer("chain", [given], headers=headers)
        np.testing.assert_allclose(got.as_numpy("y"), whole_outputs(model, feeds)["y"], rtol=1e-4, atol=1e-5)
        with pytest.raises(InferenceServerException) as refused:
            client.infer("chain", [given], headers={"authorization": "Bearer wrong"})
    assert "UNAUTHENTICATED" in str(refused.value.status())


def test_large_bodies_pass_and_larger_ones_are_refused(cloud: Running) -> None:
    for size, status in ((20 * 10**6, 400), (64 * 10**6 + 1, 413)):
        got, answer = call(cloud, "POST", "/v2/models/chain/infer", bytes(size))
        assert (got, list(json.loads(answer))) == (status, ["error"])


def test_no_token_no_answer(cloud: Running) -> None:
    assert call(cloud, "GET", "/v2/health/ready", headers={})[0] == 200
    for path in ("/v2", "/v1/models", "/v1/models/chain/skeleton"):
        assert call(cloud, "GET", path, headers={})[0] == 401


def test_a_port_in_use_is_said_in_one_line(cloud: Running) -> None:
    arguments = command(cloud.folder, cloud.temp, cloud.port)
    second = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert second.stderr.strip().splitlines() == [
        f"evosplit: cannot listen on 127.0.0.1 port {cloud.port}: "
        "address already in use; choose another: --port"
    ]


def test_it_ends_in_order_and_leaves_nothing(cloud: Running) -> None:
    """The last test of the module: it stops what the others use."""
    assert processes_of(cloud.temp)
    cloud.process.send_signal(signal.SIGTERM)
    assert cloud.process.wait(60) == 0
    assert cloud.log.endswith("evosplit cloud: stopping\n")
    assert "Traceback" not in cloud.log
    assert processes_of(cloud.temp) == ()
    assert list(cloud.temp.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", cloud.port)) != 0
