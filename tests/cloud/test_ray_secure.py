"""The real thing over TLS: stock clients, Ray's own ports inside, and no secret in any log."""

from __future__ import annotations

import http.client
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import psutil
import pytest
from cloud_process import Running, start
from cloud_support import model_folder, seeded_feeds, whole_outputs

from evosplit.cloud.registry import Registry
from evosplit.shared.free_ports import free_ports
from evosplit.shared.security.tls import ClientFiles
from evosplit.shared.token import bearer
from tests.certificates import Authority

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def cloud(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = model_folder(tmp_path_factory.mktemp("cloud"))
    temp = Path(tempfile.mkdtemp(prefix="evt-", dir="/tmp"))
    files = authority.server()
    running = start(folder, temp, free_ports(1)[0], tls_cert=files.certificate, tls_key=files.key)
    yield running
    running.stop()
    shutil.rmtree(temp, ignore_errors=True)


def listening(cloud: Running) -> dict[tuple[str, int], str]:
    """What the cloud's processes listen on, by the name of the process."""
    root = psutil.Process(cloud.process.pid)
    names = {each.pid: each.name() for each in (root, *root.children(recursive=True))}
    return {
        (each.laddr.ip.removeprefix("::ffff:"), each.laddr.port): names[each.pid]
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.pid in names
    }


def test_a_stock_client_over_https(cloud: Running, authority: Authority, registry: Registry) -> None:
    from tritonclient.http import InferenceServerClient, InferInput

    feeds = seeded_feeds(registry.get("chain"))
    given = InferInput("x", [1, 3, 16, 16], "FP32")
    given.set_data_from_numpy(feeds["x"])
    options = {"ca_certs": str(authority.ca)}
    with InferenceServerClient(f"localhost:{cloud.port}", ssl=True, ssl_options=options) as client:
        assert client.is_server_ready()
        got = client.infer("chain", [given], headers=bearer(cloud.token))
    wanted = whole_outputs(registry.get("chain"), feeds)["y"]
    np.testing.assert_allclose(got.as_numpy("y"), wanted, rtol=1e-4, atol=1e-5)


def test_all_but_the_front_end_is_inside_and_asks_for_rays_token(cloud: Running) -> None:
    ports = listening(cloud)
    assert ports["127.0.0.1", cloud.port] == "haproxy"
    outside = {port: name for (address, port), name in ports.items() if address not in ("127.0.0.1", "::1")}
    assert len(outside) <= 1  # Ray Serve's calls between deployments
    for port in outside:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary("/ray.serve.ASGIService/HandleRequest")
            with pytest.raises(grpc.RpcError) as refused:
                call(b"", timeout=20)
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_no_secret_is_in_a_log(cloud: Running, authority: Authority) -> None:
    """After requests with a right and a wrong token; Ray's logs are below the temporary folder."""
    context = ClientFiles(authority.ca).context()
    for token, status in ((cloud.token, 200), ("a-wrong-token", 401)):
        connection = http.client.HTTPSConnection("localhost", cloud.port, timeout=20, context=context)
        connection.request("GET", "/v1/models", headers=bearer(token))
        assert connection.getresponse().status == status
        connection.close()
    key = (authority.ca.parent / "server.key").read_text().splitlines()[1]
    below = [path for suffix in ("log", "out", "err") for path in cloud.temp.rglob(f"*.{suffix}")]
    assert len(below) > 5
    for log in (cloud.folder / "log", *below):
        content = log.read_text(errors="replace")
        assert not [secret for secret in (cloud.token, "a-wrong-token", key) if secret in content], log
