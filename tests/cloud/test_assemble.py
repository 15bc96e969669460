"""One replica as it is assembled, behind a real HTTP server but without Ray, while its models change."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from cloud_support import TOKEN, blob_request, frame_bytes, plain_request, seeded_feeds, whole_outputs
from repository_support import chain_like, put_in_place
from traffic import Client, Traffic

from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.assemble import make_services
from evosplit.cloud.ingress import access_of, make_app
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.cloud.services import Services
from evosplit.shared import oip
from evosplit.shared.graph import prefix_cut
from evosplit.shared.token import bearer


@dataclass(frozen=True)
class Replica:
    services: Services
    port: int
    token: str = TOKEN


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    put_in_place(chain_like(0).SerializeToString(), tmp_path / "chain.onnx")
    settings = AppSettings(models=tmp_path, data=tmp_path / "data", token=TOKEN, threads=1)
    services = make_services(settings)
    app = make_app(services, access_of(settings))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        yield Replica(services, listener.getsockname()[1])
        server.should_exit = True
        thread.join()
    assert services.watch is not None
    services.watch.close()
    services.canary.close()
    services.inference.close()


def wait_until(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 120
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def test_models_and_versions_change_under_traffic(replica: Replica) -> None:
    from tritonclient.http import InferenceServerClient, InferInput

    folder, old = Path(replica.services.settings.models), replica.services.registry.get("chain")
    feeds = seeded_feeds(old)
    expected = whole_outputs(old, feeds)["y"]
    whole = oip.build_request(plain_request(feeds))
    content = frame_bytes(old, prefix_cut(old.graph, 3), feeds)
    frame = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    clients = [Client(replica, *(frame if number % 2 else whole), f"edge-{number}") for number in range(4)]

    def shifts(client: Client) -> list[float]:
        return [float(np.round((answer.arrays()["y"] - expected).mean(), 2)) for answer in client.answers]

    with Traffic(clients):
        wait_until(lambda: all(each.answers for each in clients))
        new = chain_like(5).SerializeToString()
        with (folder / "chain.onnx").open("wb", buffering=0) as copy:  # in place, as cp does
            copy.write(new[: len(new) // 2])
            time.sleep(1.2)
            copy.write(new[len(new) // 2 :])
        wait_until(lambda: all(5.0 in shifts(each) for each in clients[::2]))
        put_in_place(chain_like(-3).SerializeToString(), folder / "chain" / "2" / "model.onnx")
        with InferenceServerClient(f"127.0.0.1:{replica.port}") as triton:
            headers = bearer(TOKEN)
            wait_until(lambda: triton.is_model_ready("chain", "2", headers=headers))
            given = InferInput("x", [1, 3, 16, 16], "FP32").set_data_from_numpy(feeds["x"])
            got = triton.infer("chain", [given], model_version="2", headers=headers)
            np.testing.assert_allclose(got.as_numpy("y"), expected - 3, rtol=1e-4, atol=1e-4)
            assert triton.get_model_metadata("chain", headers=headers)["versions"] == ["1", "2"]
        VersionStore(replica.services.settings.data).change("chain", lambda held: held.promoted("2"))
        wait_until(lambda: all(-3.0 in shifts(each) for each in clients[::2]))
    assert [each.lost for each in clients] == [[]] * 4
    for number, each in enumerate(clients):
        assert set(shifts(each)) == ({0.0} if number % 2 else {0.0, 5.0, -3.0})
        assert (oip.STALE_MODEL in each.answers[-1].parameters) == bool(number % 2)
