"""Autoscaling with real processes: requests that wait start a second replica, which goes when it is idle."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from cloud_process import Running, start
from cloud_support import model_folder, plain_request
from replica_support import are_used, asked, replicas, until
from traffic import Client, Traffic

from evosplit.shared import oip
from evosplit.shared.free_ports import free_ports
from evosplit.shared.session import Runner
from tests import models as nets

pytestmark = [pytest.mark.faults, pytest.mark.ray, pytest.mark.timeout(600)]

CLIENTS = 24
"""Three times as many as a replica is meant to have at a time, without thinking time."""
BLOCKS = 200
"""So deep that they wait for the network, not for their own interpreter."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = model_folder(tmp_path_factory.mktemp("cloud"))
    nets.save(nets.residual_net(blocks=BLOCKS), folder, "chain")
    temp = Path(tempfile.mkdtemp(prefix="evt-", dir="/tmp"))
    delays = {"upscale_delay_s": 1, "downscale_delay_s": 1}
    running = start(folder, temp, free_ports(1)[0], min_replicas=1, max_replicas=2, **delays)
    yield running
    running.stop()
    shutil.rmtree(temp, ignore_errors=True)


def test_a_second_replica_comes_with_the_queue_and_goes_without_it(cloud: Running) -> None:
    model = nets.residual_net(blocks=BLOCKS)
    feeds = nets.feeds(model)
    expected = Runner(model).run(feeds)["y"]
    content = oip.build_request(plain_request(feeds))
    clients = [Client(cloud, *content, f"client-{number}") for number in range(CLIENTS)]
    node = psutil.Process(cloud.process.pid)
    with Traffic(clients):
        assert replicas(node) == 1
        until(lambda: are_used(cloud, 2), "a second replica answers")
    with Traffic(clients[:1]):
        until(lambda: (len(asked(cloud)), replicas(node)) == (1, 1), "one replica is left")
        answered = len(clients[0].answers)
        until(lambda: len(clients[0].answers) > answered, "it goes on")
    for client in clients:
        assert client.lost == []
        assert not client.is_refused
        for answer in client.answers:
            np.testing.assert_allclose(answer.arrays()["y"], expected, rtol=1e-3, atol=1e-4)
    assert "Traceback" not in cloud.log
