"""A cloud tier under knocks, with real means: clients that hang up by the hundred, little shared memory."""

from __future__ import annotations

import http.client
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud_process import Running, start
from cloud_support import blob_request, frame_bytes, model_folder, seeded_feeds

from evosplit.cloud.admission import MAX_ONGOING_REQUESTS
from evosplit.cloud.registry import Registry
from evosplit.shared import oip
from evosplit.shared.free_ports import free_ports
from evosplit.shared.graph import prefix_cut
from evosplit.shared.token import bearer

pytestmark = pytest.mark.ray
SHARED_MEMORY_BYTES = 16 * 2**20
SMALL = f'mount -t tmpfs -o size={SHARED_MEMORY_BYTES} none /dev/shm && exec "$@"'
WITH_LITTLE_MEMORY = ("unshare", "--mount", "sh", "-c", SMALL, "sh")
CLIENTS = 200
LIMIT_S = 60.0
FILLING_LIMIT_S = 20.0
"""Less than the front end lets a body rest."""


def may_mount() -> bool:
    """Whether a process may have a /dev/shm of its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run([*WITH_LITTLE_MEMORY, "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With little shared memory, where that can be had."""
    folder = model_folder(tmp_path_factory.mktemp("cloud"))
    temp = Path(tempfile.mkdtemp(prefix="evt-", dir="/tmp"))
    running = start(folder, temp, free_ports(1)[0], WITH_LITTLE_MEMORY if may_mount() else ())
    yield running
    running.stop()
    shutil.rmtree(temp, ignore_errors=True)


@pytest.fixture
def request_bytes(cloud: Running, registry: Registry) -> bytes:
    """A whole HTTP request with a frame."""
    model = registry.get("residual")
    content = frame_bytes(model, prefix_cut(model.graph, 2), seeded_feeds(model))
    body, length = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    headers = {"Host": "cloud", "Content-Length": len(body), oip.HEADER_LENGTH: length, **bearer(cloud.token)}
    lines = [
        "POST /v2/models/residual/infer HTTP/1.1",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_little_shared_memory_is_enough(cloud: Running, request_bytes: bytes) -> None:
    if not may_mount():
        pytest.skip("needs root and mount namespaces for a small /dev/shm")
    with client(cloud, request_bytes, len(request_bytes)) as line:
        assert status_of(line) == 200
    assert "Traceback" not in cloud.log


def client(cloud: Running, request: bytes, size: int) -> socket.socket:
    """A connection over which so many bytes of the request went."""
    line = socket.create_connection(("127.0.0.1", cloud.port), LIMIT_S)
    line.sendall(request[:size])
    return line


def status_of(line: socket.socket) -> int:
    answer = http.client.HTTPResponse(line)
    answer.begin()
    content = answer.read()
    assert answer.status == 200 or "under way already" in json.loads(content)["error"], content
    return answer.status


def hang_up(line: socket.socket, number: int) -> None:
    """By a reset, or in order."""
    if number % 3 == 0:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def statuses_of_a_full_house(cloud: Running, request: bytes) -> tuple[list[int], int]:
    """So many requests in the middle of their bodies as a replica holds, one more, and then their ends.

    The one more may take the place of one of them before all are counted, and so may clients that have hung
    up of which the cloud has not heard yet: whoever was turned away comes again.
    """
    lines = [client(cloud, request, len(request) - 5) for _ in range(MAX_ONGOING_REQUESTS)]
    end_s = time.monotonic() + FILLING_LIMIT_S
    while True:
        with client(cloud, request, len(request)) as other:
            beyond = status_of(other)
        refused, _, _ = select.select(lines, [], [], 0.05)
        if (beyond != 200 and not refused) or time.monotonic() > end_s:
            break
        for line in refused:
            assert status_of(line) == 503
            line.close()
            lines[lines.index(line)] = client(cloud, request, len(request) - 5)
    for line in lines:
        line.sendall(request[-5:])
    statuses = [status_of(line) for line in lines]
    for line in lines:
        line.close()
    return statuses, beyond


def test_two_hundred_clients_that_hang_up_leave_no_slot_taken(cloud: Running, request_bytes: bytes) -> None:
    head = request_bytes.index(b"\r\n\r\n") + 4
    sizes = (head // 2, head, (head + len(request_bytes)) // 2, len(request_bytes))
    full = ([200] * MAX_ONGOING_REQUESTS, 503)
    assert statuses_of_a_full_house(cloud, request_bytes) == full
    for wave in range(CLIENTS // 40):
        lines = [client(cloud, request_bytes, sizes[number % len(sizes)]) for number in range(40)]
        for number, line in enumerate(lines):
            hang_up(line, wave + number)
    assert statuses_of_a_full_house(cloud, request_bytes) == full
    assert "Traceback" not in cloud.log
